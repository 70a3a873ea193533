//! Texts with operators in them: `%REQ(x-user)%` and the like, in Envoy's syntax
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators>).

mod operator;

use std::fmt;

use gateway_model::Invalid;
use serde::{Deserialize, Serialize};

pub use operator::{FieldName, Operator};

use operator::operator;

/// A text that is made for each request.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Format {
    written: Box<str>,
    pieces: Vec<Piece>,
}

/// A piece of a [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A text as it is.
    Text(Box<str>),
    /// What stands for an operator.
    Value {
        /// Which.
        operator: Operator,
        /// Characters of it that are taken at most.
        limit: Option<usize>,
    },
}

impl Format {
    /// Reads a format.
    ///
    /// # Errors
    /// A `%` that begins no operator, and operators that are not known.
    pub fn new(written: &str) -> Result<Self, Invalid> {
        let invalid = |found: &str| Invalid::new("operators such as %REQ(x-user)%, or %%", found);
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), written);
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let (command, after) = split_command(after).ok_or_else(|| invalid(after))?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            pieces.push(piece(command).ok_or_else(|| invalid(command))?);
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        let written = written.into();
        Ok(Self { written, pieces })
    }

    /// The format as written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Its pieces, one after the other.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// A command and what follows the `%` behind it; one in its argument does not end it.
fn split_command(text: &str) -> Option<(&str, &str)> {
    let open = text.find('(').filter(|open| !text[..*open].contains('%'));
    let from = match open {
        Some(open) => open + text[open..].find(')')?,
        None => 0,
    };
    let end = from + text[from..].find('%')?;
    Some((&text[..end], &text[end + 1..]))
}

fn piece(command: &str) -> Option<Piece> {
    let (command, limit) = match command.rsplit_once(':') {
        Some((command, limit)) if !limit.contains(')') => (command, Some(limit.parse().ok()?)),
        _ => (command, None),
    };
    let (name, argument) = match command.split_once('(') {
        Some((name, argument)) => (name, Some(argument.strip_suffix(')')?)),
        None => (command, None),
    };
    let operator = operator(name, argument)?;
    Some(Piece::Value { operator, limit })
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.written, f)
    }
}

impl TryFrom<String> for Format {
    type Error = Invalid;

    fn try_from(written: String) -> Result<Self, Invalid> {
        Self::new(&written)
    }
}

impl From<Format> for String {
    fn from(format: Format) -> Self {
        format.written.into()
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldName, Format, Operator, Piece};

    fn value(operator: Operator, limit: Option<usize>) -> Piece {
        Piece::Value { operator, limit }
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    fn header(name: &str) -> FieldName {
        FieldName::Header(gateway_model::HeaderName::new(name).unwrap())
    }

    #[test]
    fn operators_stand_between_texts() {
        let rows = [
            ("", vec![]),
            ("plain", vec![text("plain")]),
            ("100%%", vec![text("100%")]),
            (
                "a %PROTOCOL% b",
                vec![text("a "), value(Operator::Protocol, None), text(" b")],
            ),
            (
                "%REQ(x-a?:path):3%%%",
                vec![
                    value(
                        Operator::Request(vec![header("x-a"), FieldName::Path]),
                        Some(3),
                    ),
                    text("%"),
                ],
            ),
            (
                "%REQ_WITHOUT_QUERY(:path)%",
                vec![value(Operator::Request(vec![FieldName::PathOnly]), None)],
            ),
            (
                "%START_TIME(%Y-%m:%d)%",
                vec![value(Operator::StartTime("%Y-%m:%d".into()), None)],
            ),
            (
                "%METADATA(ROUTE:a.b:c)%",
                vec![value(
                    Operator::RuleMetadata(vec!["a.b".into(), "c".into()]),
                    None,
                )],
            ),
            (
                "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                vec![value(Operator::ClientAddress { port: false }, None)],
            ),
        ];
        for (written, pieces) in rows {
            assert_eq!(Format::new(written).unwrap().pieces(), pieces, "{written}");
        }
    }

    #[test]
    fn what_is_no_operator_is_refused() {
        for bad in [
            "%",
            "a%b",
            "%NOTHING%",
            "%REQ%",
            "%REQ(a b)%",
            "%REQ(a)",
            "%REQ(a):x%",
            "%PROTOCOL(a)%",
        ] {
            assert!(Format::new(bad).is_err(), "{bad}");
        }
    }
}
