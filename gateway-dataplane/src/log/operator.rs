//! What an operator stands for in a line.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_resolve::ir::{FieldName, Operator};

use super::LogSubject;
use super::flags::{details, flags};
use crate::format::{address, hostname, protocol, time};

/// What an operator stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Nothing,
}

impl<T: Into<String>> From<Option<T>> for Value {
    fn from(text: Option<T>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.into()))
    }
}

fn number(number: Option<u64>) -> Value {
    number.map_or(Value::Nothing, Value::Number)
}

fn milliseconds(time: Option<Duration>) -> Value {
    number(time.and_then(|time| u64::try_from(time.as_millis()).ok()))
}

pub(super) fn value(operator: &Operator, subject: &LogSubject<'_>) -> Value {
    let connection = subject.connection;
    match operator {
        Operator::Request(names) => first(names, |name| of_request(name, subject)),
        Operator::Response(names) => first(names, |name| of_response(name, subject)),
        Operator::Trailer(names) => first(names, |name| of_trailers(name, subject)),
        Operator::StartTime(format) => Some(time(format, subject.started)).into(),
        Operator::Protocol => subject.head.map(|head| protocol(head.version)).into(),
        Operator::ClientAddress { port } => Some(address(connection.peer, *port)).into(),
        Operator::LocalAddress { port } => {
            let socket = connection.socket;
            let local = socket
                .address
                .map(|address| SocketAddr::new(address, socket.port));
            local.map(|local| address(local, *port)).into()
        }
        Operator::ServerName => connection.sni.as_deref().into(),
        Operator::ResponseCode => number(Some(
            subject.status.map_or(0, |status| status.as_u16().into()),
        )),
        Operator::ResponseDetails => details(subject.outcome, subject.status).into(),
        Operator::ResponseFlags => flags(subject.outcome).into(),
        Operator::RouteName => (subject.route)().into(),
        Operator::Hostname => Some(hostname()).into(),
        Operator::Environment(name) => std::env::var(&**name).ok().into(),
        Operator::Duration => milliseconds(Some(subject.duration)),
        Operator::ResponseDuration => milliseconds(subject.response_after),
        Operator::BytesReceived => number(subject.moved.map(|moved| moved.0)),
        Operator::BytesSent => number(subject.moved.map(|moved| moved.1)),
        Operator::Endpoint => subject.endpoint.map(|endpoint| endpoint.to_string()).into(),
        Operator::Backend => subject.backend.map(ToString::to_string).into(),
        Operator::ConnectionId => number(Some(connection.id)),
        Operator::Metadata(namespace, key) => connection.kept(namespace, key).into(),
        Operator::GrpcStatus => grpc_status(subject),
        Operator::RequestDuration | Operator::RuleMetadata(_) | Operator::Nothing(_) => {
            Value::Nothing
        }
    }
}

fn first(names: &[FieldName], mut value: impl FnMut(&FieldName) -> Option<String>) -> Value {
    names.iter().find_map(&mut value).into()
}

fn of_request(name: &FieldName, subject: &LogSubject<'_>) -> Option<String> {
    let head = subject.head?;
    match name {
        FieldName::Method => Some(head.method.to_string()),
        FieldName::Path => Some(head.target().to_owned()),
        FieldName::PathOnly => Some(head.path().to_owned()),
        FieldName::Authority => head.authority().or_else(|| head.host()).map(str::to_owned),
        FieldName::Scheme => Some(subject.connection.scheme.to_string()),
        FieldName::Status => None,
        FieldName::Header(name) => subject.request_header(name.as_http()).map(str::to_owned),
    }
}

fn of_response(name: &FieldName, subject: &LogSubject<'_>) -> Option<String> {
    match name {
        FieldName::Status => Some(subject.status?.as_str().to_owned()),
        FieldName::Header(name) => subject.response?.text(name.as_http()).map(str::to_owned),
        FieldName::Method
        | FieldName::Path
        | FieldName::PathOnly
        | FieldName::Authority
        | FieldName::Scheme => None,
    }
}

fn of_trailers(name: &FieldName, subject: &LogSubject<'_>) -> Option<String> {
    match name {
        FieldName::Header(name) => {
            let value = subject.trailers?.get(name.as_http())?;
            value.to_str().ok().map(str::to_owned)
        }
        FieldName::Method
        | FieldName::Path
        | FieldName::PathOnly
        | FieldName::Authority
        | FieldName::Scheme
        | FieldName::Status => None,
    }
}

/// The names that Envoy has for them.
const GRPC_STATUSES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

fn grpc_status(subject: &LogSubject<'_>) -> Value {
    let Some(status) = subject.grpc_status() else {
        return Value::Nothing;
    };
    match GRPC_STATUSES.get(status as usize) {
        Some(name) => Value::Text((*name).to_owned()),
        None => Value::Text(status.to_string()),
    }
}
