//! From text to tokens.

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Str(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Longest first, so that `<=` isn't read as `<`.
const SIGNS: [&str; 21] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "(", ")", "[", "]", ",", ".", "+",
    "-", "{", "}",
];

/// Splits a rule into tokens.
///
/// # Errors
/// The first character that starts none.
pub(super) fn tokens(rule: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = rule.trim_start();
    while !rest.is_empty() {
        let (token, tail) = token(rest)?;
        tokens.push(token);
        rest = tail.trim_start();
    }
    Ok(tokens)
}

fn token(text: &str) -> Result<(Token, &str), String> {
    if let Some(found) = string(text) {
        return found;
    }
    let first = text.chars().next().unwrap_or_default();
    if first.is_ascii_digit() {
        let (number, tail) = split_while(text, |c| c.is_ascii_digit());
        let number = number
            .parse()
            .map_err(|_| format!("expected a number, found {number}"))?;
        return Ok((Token::Int(number), tail));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let (name, tail) = split_while(text, |c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Token::Name(name.to_owned()), tail));
    }
    SIGNS
        .into_iter()
        .find_map(|sign| Some((Token::Sign(sign), text.strip_prefix(sign)?)))
        .ok_or_else(|| format!("expected an expression, found {first:?}"))
}

/// A string literal, if the text starts with one.
fn string(text: &str) -> Option<Result<(Token, &str), String>> {
    let (raw, body) = match text.strip_prefix(['r', 'R']) {
        Some(body) if body.starts_with(['"', '\'']) => (true, body),
        _ => (false, text),
    };
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| body.starts_with(quote))?;
    let body = &body[quote.len()..];
    Some(match end_of(body, quote, raw) {
        None => Err(format!("expected a closing {quote}, found the end")),
        Some(end) => {
            let tail = &body[end + quote.len()..];
            unescape(&body[..end], raw).map(|content| (Token::Str(content), tail))
        }
    })
}

/// Where the quote closes.
fn end_of(body: &str, quote: &str, raw: bool) -> Option<usize> {
    let mut at = 0;
    while !body[at..].starts_with(quote) {
        let step = body[at..].chars().next()?;
        at += step.len_utf8();
        if step == '\\' && !raw {
            at += body[at..].chars().next()?.len_utf8();
        }
    }
    Some(at)
}

fn unescape(body: &str, raw: bool) -> Result<String, String> {
    if raw || !body.contains('\\') {
        return Ok(body.to_owned());
    }
    let mut text = String::new();
    let mut chars = body.chars();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(plain @ ('\\' | '"' | '\'' | '`' | '?')) => plain,
                other => return Err(format!("expected an escape that is known, found {other:?}")),
            },
            plain => plain,
        });
    }
    Ok(text)
}

fn split_while(text: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accept(c)).unwrap_or(text.len()))
}
