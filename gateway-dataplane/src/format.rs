//! Texts that are made for each request out of an [`ir::Format`](Format).

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::SystemTime;

use gateway_resolve::ir::{self, FieldName, Format, Operator, Piece};
use http::Version;
use jiff::Timestamp;

use crate::ConnectionInfo;
use crate::head::{RequestHead, ResponseHead};

/// What a text is made of.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) request: &'a RequestHead,
    pub(crate) connection: &'a ConnectionInfo,
    /// None before routes are looked at.
    pub(crate) rule: Option<&'a ir::Rule>,
}

/// A text that lacks what is known of the response only.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It lacks nothing.
    Whole(String),
    /// It lacks these.
    Partly(Vec<Part>),
}

/// A part of a text.
#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    Later(Operator, Option<usize>),
}

/// Makes what can be made of a text before there is a response.
pub(crate) fn begin(format: &Format, subject: Subject<'_>) -> Begun {
    let mut parts = vec![Part::Text(String::new())];
    for piece in format.pieces() {
        let Some(Part::Text(last)) = parts.last_mut() else {
            continue;
        };
        match piece {
            Piece::Text(text) => last.push_str(text),
            Piece::Value { operator, limit } if is_of_response(operator) => {
                parts.push(Part::Later(operator.clone(), *limit));
                parts.push(Part::Text(String::new()));
            }
            Piece::Value { operator, limit } => {
                push(last, &value(operator, subject).unwrap_or_default(), *limit);
            }
        }
    }
    match parts.as_mut_slice() {
        [Part::Text(text)] => Begun::Whole(std::mem::take(text)),
        _ => Begun::Partly(parts),
    }
}

impl Begun {
    /// The text, with what this response has for it.
    pub(crate) fn finish(&self, response: &ResponseHead) -> String {
        let parts = match self {
            Self::Whole(text) => return text.clone(),
            Self::Partly(parts) => parts,
        };
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Later(operator, limit) => {
                    push(&mut text, &of_response(operator, response), *limit);
                }
            }
        }
        text
    }
}

/// The text for a request, to which there is no response yet.
pub(crate) fn of_request(format: &Format, subject: Subject<'_>) -> String {
    match begin(format, subject) {
        Begun::Whole(text) => text,
        partly @ Begun::Partly(_) => partly.finish(&ResponseHead::default()),
    }
}

fn push(text: &mut String, value: &str, limit: Option<usize>) {
    match limit {
        None => text.push_str(value),
        Some(limit) => text.extend(value.chars().take(limit)),
    }
}

fn is_of_response(operator: &Operator) -> bool {
    matches!(operator, Operator::Response(_) | Operator::ResponseCode)
}

fn of_response(operator: &Operator, response: &ResponseHead) -> String {
    match operator {
        Operator::ResponseCode => response.status.as_str().to_owned(),
        Operator::Response(names) => {
            let value = |name: &FieldName| match name {
                FieldName::Status => Some(response.status.as_str().to_owned()),
                FieldName::Header(name) => Some(response.fields.text(name.as_http())?.to_owned()),
                FieldName::Method
                | FieldName::Path
                | FieldName::PathOnly
                | FieldName::Authority
                | FieldName::Scheme => None,
            };
            names.iter().find_map(value).unwrap_or_default()
        }
        Operator::Request(_)
        | Operator::StartTime(_)
        | Operator::Protocol
        | Operator::ClientAddress { .. }
        | Operator::LocalAddress { .. }
        | Operator::ServerName
        | Operator::RouteName
        | Operator::RuleMetadata(_)
        | Operator::Hostname
        | Operator::Environment(_)
        | Operator::Metadata(..)
        | Operator::Trailer(_)
        | Operator::ResponseDetails
        | Operator::ResponseFlags
        | Operator::Duration
        | Operator::RequestDuration
        | Operator::ResponseDuration
        | Operator::BytesReceived
        | Operator::BytesSent
        | Operator::Endpoint
        | Operator::Backend
        | Operator::ConnectionId
        | Operator::GrpcStatus
        | Operator::Nothing(_) => String::new(),
    }
}

fn value(operator: &Operator, subject: Subject<'_>) -> Option<String> {
    let Subject {
        request,
        connection,
        rule,
    } = subject;
    let local = || {
        let socket = connection.socket;
        Some(SocketAddr::new(socket.address?, socket.port))
    };
    match operator {
        Operator::Request(names) => names
            .iter()
            .find_map(|name| field(name, request, connection)),
        Operator::StartTime(format) => Some(time(format, SystemTime::now())),
        Operator::Protocol => Some(protocol(request.version).to_owned()),
        Operator::ClientAddress { port } => Some(address(connection.peer, *port)),
        Operator::LocalAddress { port } => Some(address(local()?, *port)),
        Operator::ServerName => connection.sni.as_deref().map(str::to_owned),
        Operator::RouteName => rule.map(route_name),
        Operator::Metadata(namespace, key) => connection.kept(namespace, key).map(str::to_owned),
        Operator::RuleMetadata(path) => {
            let known = rule?.settings.metadata.as_ref()?;
            known.value.get(path).map(str::to_owned)
        }
        Operator::Hostname => Some(hostname().to_owned()),
        Operator::Environment(name) => std::env::var(&**name).ok(),
        Operator::Response(_)
        | Operator::ResponseCode
        | Operator::Trailer(_)
        | Operator::ResponseDetails
        | Operator::ResponseFlags
        | Operator::Duration
        | Operator::RequestDuration
        | Operator::ResponseDuration
        | Operator::BytesReceived
        | Operator::BytesSent
        | Operator::Endpoint
        | Operator::Backend
        | Operator::ConnectionId
        | Operator::GrpcStatus
        | Operator::Nothing(_) => None,
    }
}

fn field(name: &FieldName, request: &RequestHead, connection: &ConnectionInfo) -> Option<String> {
    match name {
        FieldName::Method => Some(request.method.to_string()),
        FieldName::Path => Some(request.target().to_owned()),
        FieldName::PathOnly => Some(request.path().to_owned()),
        FieldName::Authority => request.host().map(str::to_owned),
        FieldName::Scheme => Some(connection.scheme.to_string()),
        FieldName::Status => None,
        FieldName::Header(name) => Some(request.fields.text(name.as_http())?.to_owned()),
    }
}

pub(crate) fn address(address: SocketAddr, port: bool) -> String {
    match port {
        true => address.to_string(),
        false => address.ip().to_string(),
    }
}

pub(crate) fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// A time, to the millisecond where no format says otherwise.
pub(crate) fn time(format: &str, time: SystemTime) -> String {
    let (Ok(time), mut text) = (Timestamp::try_from(time), String::new()) else {
        return String::new();
    };
    let format = match format {
        "" => "%Y-%m-%dT%H:%M:%S.%3fZ",
        format => format,
    };
    match write!(text, "{}", time.strftime(format)) {
        Ok(()) => text,
        Err(_not_a_format) => String::new(),
    }
}

pub(crate) fn route_name(rule: &ir::Rule) -> String {
    match &rule.source.name {
        Some(name) => name.to_string(),
        None => rule.to_string(),
    }
}

pub(crate) fn hostname() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
        name.map_or_else(|_| String::new(), |name| name.trim().to_owned())
    })
}
