//! From the syntax of Inja to that of Jinja, construct by construct.

use super::TemplateError;

/// Places of the translation, each with that of the text which it stands for.
type Origins = Vec<(usize, usize)>;

/// A function whose arguments are being read, with the position among these; without a name, brackets.
type Call<'t> = (&'t str, usize);

/// What separates the segments of a variable's path.
const SEPARATOR: char = '\u{1f}';

/// Translates a template.
pub(super) fn translate(text: &str, slashes: bool) -> Result<(String, Origins), TemplateError> {
    let mut translation = Translation {
        text,
        slashes,
        out: String::with_capacity(text.len() * 2),
        origins: Vec::new(),
    };
    translation.all()?;
    Ok((translation.out, translation.origins))
}

struct Translation<'t> {
    text: &'t str,
    slashes: bool,
    out: String,
    origins: Origins,
}

impl<'t> Translation<'t> {
    fn all(&mut self) -> Result<(), TemplateError> {
        let mut at = 0;
        while at < self.text.len() {
            let rest = &self.text[at..];
            let at_line_start = at == 0 || self.text[..at].ends_with('\n');
            if at_line_start && rest.starts_with("##") {
                at = self.line_statement(at)?;
                continue;
            }
            at = match rest.get(..2) {
                Some("{{") => self.construct(at, "}}", Self::expression)?,
                Some("{%") => self.construct(at, "%}", Self::statement)?,
                Some("{#") => self.comment(at)?,
                _ => self.character(at),
            };
        }
        Ok(())
    }

    fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::at(self.text, at, message))
    }

    fn character(&mut self, at: usize) -> usize {
        let Some(one) = self.text[at..].chars().next() else {
            return self.text.len();
        };
        self.out.push(one);
        at + one.len_utf8()
    }

    fn comment(&mut self, at: usize) -> Result<usize, TemplateError> {
        match self.text[at..].find("#}") {
            // Nothing is left of it but its lines.
            Some(end) => Ok(at + end + 2),
            None => self.error(at, "a comment has no end: expected #}"),
        }
    }

    fn line_statement(&mut self, at: usize) -> Result<usize, TemplateError> {
        let end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |end| at + end);
        self.origins.push((self.out.len(), at));
        self.out.push_str("{% ");
        self.statement(at + 2, end)?;
        self.out.push_str(" %}");
        Ok((end + 1).min(self.text.len()))
    }

    /// One with an end of its own, which does not count within a string.
    fn construct(
        &mut self,
        at: usize,
        close: &str,
        content: impl Fn(&mut Self, usize, usize) -> Result<(), TemplateError>,
    ) -> Result<usize, TemplateError> {
        let Some(end) = self.find_end(at + 2, close) else {
            return self.error(at, format!("expected {close} after this"));
        };
        self.origins.push((self.out.len(), at));
        let (mut from, mut to) = (at + 2, end);
        self.out.push_str(&self.text[at..from]);
        if self.text[from..to].starts_with(['-', '+']) {
            self.out.push_str(&self.text[from..=from]);
            from += 1;
        }
        let trims = self.text[from..to].ends_with('-');
        to -= usize::from(trims);
        self.out.push(' ');
        content(self, from, to)?;
        self.out.push_str(if trims { " -" } else { " " });
        self.out.push_str(close);
        Ok(end + close.len())
    }

    fn find_end(&self, from: usize, close: &str) -> Option<usize> {
        let (mut at, bytes) = (from, self.text.as_bytes());
        while at < bytes.len() {
            if bytes[at..].starts_with(close.as_bytes()) {
                return Some(at);
            }
            at = match bytes[at] {
                b'"' => string_end(bytes, at)?,
                _ => at + 1,
            };
        }
        None
    }

    fn statement(&mut self, from: usize, to: usize) -> Result<(), TemplateError> {
        let (word, at) = word(self.text, from, to);
        match word {
            "if" => self.keyword("if", at, to),
            "else" => match self::word(self.text, at, to) {
                ("", _) => self.keyword("else", to, to),
                ("if", after) => self.keyword("elif", after, to),
                _ => self.error(at, "expected if, or nothing, after else"),
            },
            "endif" | "endfor" if self.text[at..to].trim().is_empty() => {
                self.out.push_str(word);
                Ok(())
            }
            "for" => self.for_loop(at, to),
            "set" => self.set(at, to),
            _ => self.error(
                from,
                format!("expected if, else, endif, for, endfor or set, found {word:?}"),
            ),
        }
    }

    fn keyword(&mut self, keyword: &str, from: usize, to: usize) -> Result<(), TemplateError> {
        self.out.push_str(keyword);
        self.out.push(' ');
        self.expression(from, to)
    }

    fn for_loop(&mut self, from: usize, to: usize) -> Result<(), TemplateError> {
        let Some(within) = self.text[from..to].find(" in ") else {
            return self.error(from, "expected a name, and in");
        };
        let names = self.text[from..from + within].trim();
        let of_object = names.contains(',');
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
        if !names.split(',').all(|name| is_name(name.trim())) {
            return self.error(from, "expected one name, or two with a comma");
        }
        self.out.push_str("for ");
        self.out.push_str(names);
        self.out
            .push_str(if of_object { " in items(" } else { " in (" });
        self.expression(from + within + 4, to)?;
        self.out.push(')');
        Ok(())
    }

    fn set(&mut self, from: usize, to: usize) -> Result<(), TemplateError> {
        let (name, at) = word(self.text, from, to);
        let rest = self.text[at..to].trim_start();
        if !name.bytes().all(is_plain) || name.is_empty() || !rest.starts_with('=') {
            return self.error(from, "expected a name and =");
        }
        self.out.push_str("set ");
        self.out.push_str(name);
        self.out.push_str(" = ");
        let value = to - rest.len() + 1;
        self.expression(value, to)
    }

    fn expression(&mut self, from: usize, to: usize) -> Result<(), TemplateError> {
        let mut calls = Vec::new();
        let mut at = from;
        while at < to {
            at = match self.text.as_bytes()[at] {
                b'"' => self.string(at, to)?,
                b'0'..=b'9' => self.number(at, to),
                byte if byte.is_ascii_alphabetic() || byte == b'_' => self.name(at, to, &mut calls),
                byte => self.operator(byte, at, &mut calls)?,
            };
        }
        Ok(())
    }

    fn string(&mut self, at: usize, to: usize) -> Result<usize, TemplateError> {
        match string_end(self.text.as_bytes(), at).filter(|end| *end <= to) {
            Some(end) => Ok(self.verbatim(at, end)),
            None => self.error(at, "a string has no end"),
        }
    }

    fn number(&mut self, at: usize, to: usize) -> usize {
        let is_of_number = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
        let end = end_of(self.text.as_bytes(), at, to, is_of_number);
        self.verbatim(at, end)
    }

    fn verbatim(&mut self, from: usize, to: usize) -> usize {
        self.out.push_str(&self.text[from..to]);
        to
    }

    /// A function, whose arguments are read from now on, or a variable.
    fn name(&mut self, at: usize, to: usize, calls: &mut Vec<Call<'t>>) -> usize {
        let text = self.text;
        let end = end_of(text.as_bytes(), at, to, is_of_name);
        let name = &text[at..end];
        let rest = text[end..to].trim_start();
        if rest.starts_with('(') {
            calls.push((name, 0));
            self.out.push_str(name);
            self.out.push('(');
            return to - rest.len() + 1;
        }
        let may_be_missing = calls.last() == Some(&("default", 0));
        self.variable(name, may_be_missing);
        end
    }

    fn operator(
        &mut self,
        byte: u8,
        at: usize,
        calls: &mut Vec<Call<'t>>,
    ) -> Result<usize, TemplateError> {
        match byte {
            b'(' | b'[' | b'{' => calls.push(("", 0)),
            b')' | b']' | b'}' => drop(calls.pop()),
            b',' => {
                if let Some((_, position)) = calls.last_mut() {
                    *position += 1;
                }
            }
            b'|' => return self.error(at, "there are no filters: call the function"),
            b'^' => {
                self.out.push_str("**");
                return Ok(at + 1);
            }
            _ => {}
        }
        Ok(self.character(at))
    }

    fn variable(&mut self, name: &str, may_be_missing: bool) {
        let word = match name {
            "and" | "or" | "not" | "in" | "true" | "false" => name,
            "null" => "none",
            "loop.index" | "loop/index" => "loop.index0",
            "loop.index1" | "loop/index1" => "loop.index",
            "loop.is_first" | "loop/is_first" => "loop.first",
            "loop.is_last" | "loop/is_last" => "loop.last",
            _ => "",
        };
        if !word.is_empty() {
            self.out.push_str(word);
            return;
        }
        let path = name.replace(if self.slashes { '/' } else { '.' }, &SEPARATOR.to_string());
        let function = if may_be_missing { "optional" } else { "var" };
        self.out.push_str(&format!("{function}(\"{path}\")"));
    }
}

/// The word behind the spaces at `from`, and where it ends.
fn word(text: &str, from: usize, to: usize) -> (&str, usize) {
    let start = to - text[from..to].trim_start().len();
    let end = end_of(text.as_bytes(), start, to, is_plain);
    (&text[start..end], end)
}

fn end_of(bytes: &[u8], from: usize, to: usize, is_in: impl Fn(u8) -> bool) -> usize {
    let length = bytes[from..to].iter().take_while(|byte| is_in(**byte));
    from + length.count()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_of_name(byte: u8) -> bool {
    is_plain(byte) || matches!(byte, b'.' | b'/' | b'-')
}

/// Where the string ends that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return Some(end + 1),
            _ => end += 1,
        }
    }
    None
}
