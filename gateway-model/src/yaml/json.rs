//! JSON, which YAML parsers read but for a few escapes.

use super::limits::{Budget, MAX_DEPTH};
use crate::tree::{Map, Node, Value};

/// Reads the values of a text that is JSON; `None` if it isn't, has a key twice or is too large:
/// then the YAML reader says what is wrong.
pub(super) fn read(text: &str) -> Option<Vec<Node>> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        budget: Budget::default(),
    };
    reader.skip_blanks();
    if !reader.rest.starts_with(['{', '[']) {
        return None;
    }
    let mut values = Vec::new();
    while !reader.rest.is_empty() {
        values.push(reader.value(0)?);
        reader.skip_blanks();
    }
    Some(values)
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Node> {
        self.skip_blanks();
        let line = self.line;
        self.budget.spend(&Budget::scalar(0), depth).ok()?;
        let value = match self.rest.bytes().next()? {
            b'{' => self.map(depth + 1)?,
            b'[' => self.list(depth + 1)?,
            b'"' => Value::String(self.string()?),
            _ => self.word()?,
        };
        Some(Node::new(line, value))
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        self.accept('{');
        while !self.accept('}') {
            if !map.is_empty() && !self.accept(',') {
                return None;
            }
            self.skip_blanks();
            let line = self.line;
            let key = self.string()?;
            if !self.accept(':') || depth > MAX_DEPTH {
                return None;
            }
            let Node { value, .. } = self.value(depth)?;
            if map.insert(key, Node::new(line, value)).is_some() {
                return None;
            }
        }
        Some(Value::Map(map))
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.accept('[');
        while !self.accept(']') {
            if (!items.is_empty() && !self.accept(',')) || depth > MAX_DEPTH {
                return None;
            }
            items.push(self.value(depth)?);
        }
        Some(Value::List(items))
    }

    fn string(&mut self) -> Option<String> {
        let mut escaped = false;
        let end = self.rest.bytes().enumerate().skip(1).find(|(_, byte)| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let literal = self.take(end?.0 + 1);
        serde_json::from_str(literal).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Value> {
        let end = self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']);
        let word = self.take(end.unwrap_or(self.rest.len()));
        Some(Node::from_json(self.line, &serde_json::from_str(word).ok()?).value)
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// Takes a sign and the blanks before it.
    fn accept(&mut self, sign: char) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let lines = self
            .take(blanks)
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }
}
