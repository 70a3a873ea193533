//! Texts with operators in them: `%REQ(x-user)%` and the like, in Envoy's syntax
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators>).

use std::fmt;

use gateway_model::{HeaderName, Invalid};
use serde::{Deserialize, Serialize};

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

/// What an operator stands for. Where there is no such thing, it comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The first of these headers of the request that is there.
    Request(Vec<FieldName>),
    /// The first of these headers of the response that is there.
    Response(Vec<FieldName>),
    /// When the request began, by this format of `strftime`; ISO 8601 when empty.
    StartTime(Box<str>),
    /// The version of HTTP that the client speaks.
    Protocol,
    /// The address of the client.
    ClientAddress {
        /// With its port?
        port: bool,
    },
    /// The address that the client connected to.
    LocalAddress {
        /// With its port?
        port: bool,
    },
    /// The server name that the client asked for.
    ServerName,
    /// The status of the response.
    ResponseCode,
    /// The name of the rule.
    RouteName,
    /// The name of this machine.
    Hostname,
    /// A variable of the environment.
    Environment(Box<str>),
}

/// The name of a header, or of what HTTP/2 has in its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldName {
    /// `:method`.
    Method,
    /// `:path`, query included.
    Path,
    /// `:path`, without its query.
    PathOnly,
    /// `:authority`.
    Authority,
    /// `:scheme`.
    Scheme,
    /// `:status`.
    Status,
    /// A header.
    Header(HeaderName),
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

fn operator(name: &str, argument: Option<&str>) -> Option<Operator> {
    Some(match (name, argument) {
        ("REQ", Some(names)) => Operator::Request(field_names(names)?),
        ("REQ_WITHOUT_QUERY", Some(names)) => Operator::Request(without_query(field_names(names)?)),
        ("RESP", Some(names)) => Operator::Response(field_names(names)?),
        ("START_TIME", format) => Operator::StartTime(format.unwrap_or_default().into()),
        ("ENVIRONMENT", Some(name)) => Operator::Environment(name.into()),
        ("PROTOCOL", None) => Operator::Protocol,
        ("DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS", None) => {
            Operator::ClientAddress { port: true }
        }
        (
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
            | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
            None,
        ) => Operator::ClientAddress { port: false },
        ("DOWNSTREAM_LOCAL_ADDRESS", None) => Operator::LocalAddress { port: true },
        ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", None) => Operator::LocalAddress { port: false },
        ("REQUESTED_SERVER_NAME", None) => Operator::ServerName,
        ("RESPONSE_CODE", None) => Operator::ResponseCode,
        ("ROUTE_NAME", None) => Operator::RouteName,
        ("HOSTNAME", None) => Operator::Hostname,
        _ => return None,
    })
}

/// One name, or one and another that counts where the first is not there.
fn field_names(argument: &str) -> Option<Vec<FieldName>> {
    let name = |name: &str| {
        Some(match name {
            ":method" => FieldName::Method,
            ":path" => FieldName::Path,
            ":authority" => FieldName::Authority,
            ":scheme" => FieldName::Scheme,
            ":status" => FieldName::Status,
            name => FieldName::Header(HeaderName::new(name).ok()?),
        })
    };
    argument.splitn(2, '?').map(name).collect()
}

fn without_query(names: Vec<FieldName>) -> Vec<FieldName> {
    let name = |name| match name {
        FieldName::Path => FieldName::PathOnly,
        FieldName::Header(_)
        | FieldName::Method
        | FieldName::Authority
        | FieldName::PathOnly
        | FieldName::Scheme
        | FieldName::Status => name,
    };
    names.into_iter().map(name).collect()
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
