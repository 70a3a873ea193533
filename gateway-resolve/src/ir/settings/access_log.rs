//! Where it is written what became of requests and connections.

use std::collections::BTreeMap;

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

use super::{Format, LogSink, TextMatch};
use crate::ir::Fraction;

/// A log of requests, or of connections where they are passed on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// Where it is written.
    pub sink: LogSink,
    /// Of which requests; `None`: of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<LogFilter>,
}

/// What is written of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogFormat {
    /// A text, with `-` for what there is not.
    Text(Format),
    /// A line of JSON, with null for what there is not.
    Json(LogValue),
}

/// A value of JSON that is made for each request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogValue {
    /// A text, or a number where it is that of one operator.
    Text(Format),
    /// A number, `true`, `false` or `null`, as written.
    Literal(Box<str>),
    /// A list.
    List(Vec<LogValue>),
    /// An object.
    Object(BTreeMap<Box<str>, LogValue>),
}

/// Which requests are written down.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogFilter {
    /// Those of such a status.
    Status(Comparison),
    /// Those that took so many milliseconds.
    Duration(Comparison),
    /// Those that are not about the health of the listener.
    NotHealthCheck,
    /// Those that are traced.
    Traced,
    /// So many of them.
    Sampled(Fraction),
    /// Those that all of these take.
    All(Vec<LogFilter>),
    /// Those that any of these takes.
    Any(Vec<LogFilter>),
    /// Those with such a header; `None`: with any value.
    Header {
        /// Its name.
        name: HeaderName,
        /// What its value is held against.
        value: Option<HeaderValueMatch>,
        /// Those without one instead?
        inverted: bool,
    },
    /// Those of which one of these went wrong, in Envoy's letters; of which anything did, when there are none.
    Flags(Vec<Box<str>>),
    /// Those with one of these statuses of gRPC.
    GrpcStatus {
        /// The statuses.
        statuses: Vec<u32>,
        /// Those with any other instead?
        inverted: bool,
    },
}

/// What the value of a header is held against.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HeaderValueMatch {
    /// A text.
    Text(TextMatch),
    /// A number from the first up to the second, which is none of them.
    Range(i64, i64),
}

/// How a number is held against another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// It is this.
    Is(u32),
    /// It is this or more.
    AtLeast(u32),
    /// It is this or less.
    AtMost(u32),
}

impl Comparison {
    /// Does `number` compare so?
    pub fn takes(self, number: u64) -> bool {
        match self {
            Self::Is(other) => number == u64::from(other),
            Self::AtLeast(other) => number >= u64::from(other),
            Self::AtMost(other) => number <= u64::from(other),
        }
    }
}
