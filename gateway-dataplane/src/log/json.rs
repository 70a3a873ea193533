//! Lines of JSON.

use std::fmt::Write as _;

use gateway_resolve::ir::{Format, LogValue, Piece};

use super::LogSubject;
use super::file::{shortened, text};
use super::operator::{self, Value};

pub(super) fn put(line: &mut Vec<u8>, value: &LogValue, subject: &LogSubject<'_>) {
    match value {
        LogValue::Literal(literal) => line.extend_from_slice(literal.as_bytes()),
        LogValue::Text(format) => put_text(line, format, subject),
        LogValue::List(items) => {
            line.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(line, at);
                put(line, item, subject);
            }
            line.push(b']');
        }
        LogValue::Object(fields) => {
            line.push(b'{');
            for (at, (name, value)) in fields.iter().enumerate() {
                separate(line, at);
                quote(line, name);
                line.push(b':');
                put(line, value, subject);
            }
            line.push(b'}');
        }
    }
}

fn separate(line: &mut Vec<u8>, at: usize) {
    if at > 0 {
        line.push(b',');
    }
}

/// One operator alone keeps its type; what there is not is null then, and a dash among other texts.
fn put_text(line: &mut Vec<u8>, format: &Format, subject: &LogSubject<'_>) {
    if let [Piece::Value { operator, limit }] = format.pieces() {
        return match operator::value(operator, subject) {
            Value::Text(text) => quote(line, shortened(&text, *limit)),
            Value::Number(number) => line.extend_from_slice(number.to_string().as_bytes()),
            Value::Nothing => line.extend_from_slice(b"null"),
        };
    }
    quote(line, &text(format, subject));
}

/// RFC 8259 section 7.
fn quote(line: &mut Vec<u8>, text: &str) {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                let _never_fails = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    line.extend_from_slice(quoted.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_text_cannot_end_its_line() {
        let mut line = Vec::new();
        quote(&mut line, "a\"b\\c\nd\u{e9}");
        assert_eq!(line, "\"a\\\"b\\\\c\\u000ad\u{e9}\"".as_bytes());
    }
}
