//! Where it is written what became of requests and connections.

use serde::Deserialize;
use serde_json::Value;

use super::{Empty, GrpcLogSink, NumberRange, OpenTelemetrySink, Regex, Share};
use crate::k8s_gateway::proto::numbered;

/// Logs of requests and connections.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLogging {
    /// Each of them.
    pub access_log: Vec<AccessLog>,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLog {
    /// A file; this or one of the others.
    pub file_sink: Option<FileSink>,
    /// A server of Envoy's gRPC access log service.
    pub grpc_service: Option<GrpcLogSink>,
    /// A collector of OpenTelemetry.
    pub open_telemetry_service: Option<OpenTelemetrySink>,
    /// What is written down.
    pub filter: Option<AccessLogFilter>,
}

/// A file that is written to.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileSink {
    /// Where it is.
    pub path: String,
    /// A line of it, as a text; this or `json_format`.
    pub string_format: Option<String>,
    /// A line of it, as JSON.
    pub json_format: Option<Value>,
}

/// What is written down: one of these.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLogFilter {
    /// Requests of such a status.
    pub status_code_filter: Option<ComparisonFilter>,
    /// Requests that took so long, in milliseconds.
    pub duration_filter: Option<ComparisonFilter>,
    /// Requests that are not about the health of the listener.
    pub not_health_check_filter: Option<Empty>,
    /// Requests that are traced.
    pub traceable_filter: Option<Empty>,
    /// A share of requests.
    pub runtime_filter: Option<RuntimeFilter>,
    /// What all of these take.
    pub and_filter: Option<Filters>,
    /// What any of these takes.
    pub or_filter: Option<Filters>,
    /// Requests with such a header.
    pub header_filter: Option<HeaderFilter>,
    /// Requests of which something went wrong.
    pub response_flag_filter: Option<ResponseFlagFilter>,
    /// Requests with such a status of gRPC.
    pub grpc_status_filter: Option<GrpcStatusFilter>,
}

/// Several filters.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Each of them.
    pub filters: Vec<AccessLogFilter>,
}

/// A number that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ComparisonFilter {
    /// How.
    pub comparison: Option<Comparison>,
}

/// How a number is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// The relation.
    pub op: ComparisonOp,
    /// What it is compared to.
    pub value: Option<RuntimeNumber>,
}

numbered! {
    /// How numbers are compared.
    ComparisonOp {
        /// They are the same.
        Eq = 0 "EQ",
        /// It is the same, or greater.
        Ge = 1 "GE",
        /// It is the same, or less.
        Le = 2 "LE",
    }
}

/// A number that Envoy can be told otherwise while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeNumber {
    /// The number.
    pub default_value: u32,
    /// Under which name it can be told otherwise.
    pub runtime_key: String,
}

/// A share of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeFilter {
    /// The share.
    pub percent_sampled: Option<Share>,
    /// Under which name Envoy can be told otherwise.
    pub runtime_key: String,
}

/// A header that is looked at.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct HeaderFilter {
    /// The header, and what its value is held against.
    pub header: Option<LoggedHeader>,
}

/// A header, and what its value is held against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggedHeader {
    /// Its name.
    pub name: String,
    /// The value.
    pub exact_match: Option<String>,
    /// How it begins.
    pub prefix_match: Option<String>,
    /// How it ends.
    pub suffix_match: Option<String>,
    /// The whole of it.
    pub safe_regex_match: Option<Regex>,
    /// A number.
    pub range_match: Option<NumberRange>,
    /// Is it there?
    pub present_match: Option<bool>,
    /// Requests that do not match?
    pub invert_match: bool,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ResponseFlagFilter {
    /// One of these; anything, when there is none.
    pub flags: Vec<String>,
}

/// A status of gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct GrpcStatusFilter {
    /// One of these, by name or number.
    pub statuses: Vec<Value>,
    /// Any other instead?
    pub exclude: bool,
}
