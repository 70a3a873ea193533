//! Where access logs are written.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_model::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::{LogFormat, LogValue};
use crate::ir::Target;

/// Where a log is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogSink {
    /// To a file.
    File(FileLog),
    /// A server is told.
    Server(ServerLog),
}

impl LogSink {
    /// Who is told, where somebody is.
    pub fn server(&self) -> Option<&Target> {
        match self {
            Self::File(_) => None,
            Self::Server(log) => Some(&log.server),
        }
    }
}

/// A log in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLog {
    /// The file that lines are added to.
    pub path: Box<str>,
    /// What is written.
    pub format: LogFormat,
}

/// A log that a server is told over gRPC. Entries that it does not take in time are lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerLog {
    /// The server.
    pub server: Target,
    /// The `:authority` that it is called by; one made of its name, when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Box<str>>,
    /// Headers of calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The time for a call; the data plane's own, when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What the log is called.
    pub name: Box<str>,
    /// What is told.
    pub entries: LogEntries,
}

/// What a server is told of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogEntries {
    /// `envoy.data.accesslog.v3.HTTPAccessLogEntry`, by `envoy.service.accesslog.v3.AccessLogService`.
    Envoy(LoggedFields),
    /// `opentelemetry.proto.logs.v1.LogRecord`, by `opentelemetry.proto.collector.logs.v1.LogsService`.
    OpenTelemetry(LoggedRecord),
}

/// The fields of messages that are told beside what always is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedFields {
    /// Headers of requests.
    pub request: Vec<HeaderName>,
    /// Headers of responses.
    pub response: Vec<HeaderName>,
    /// Trailers of responses.
    pub trailers: Vec<HeaderName>,
}

/// What is in a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedRecord {
    /// Is the gateway itself told of?
    pub labelled: bool,
    /// The body; `None`: it has none.
    pub body: Option<LogValue>,
    /// The attributes.
    pub attributes: BTreeMap<Box<str>, LogValue>,
}
