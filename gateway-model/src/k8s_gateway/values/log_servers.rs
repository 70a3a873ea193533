//! Servers that are told what became of requests and connections.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SslConfig;
use crate::k8s_gateway::proto::Span;

/// A server of Envoy's gRPC access log service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcLogSink {
    /// What the log is called.
    pub log_name: String,
    /// The server, as Envoy would call it.
    pub static_cluster_name: String,
    /// Headers of requests that are told.
    pub additional_request_headers_to_log: Vec<String>,
    /// Headers of responses that are told.
    pub additional_response_headers_to_log: Vec<String>,
    /// Trailers of responses that are told.
    pub additional_response_trailers_to_log: Vec<String>,
}

/// A collector of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OpenTelemetrySink {
    /// What the log is called.
    pub log_name: String,
    /// Where it is.
    pub collector: Option<Collector>,
    /// Does it go without what is told of the gateway itself?
    pub disable_builtin_labels: bool,
    /// The body of a record.
    pub body: Option<TelemetryValue>,
    /// The attributes of a record.
    pub attributes: TelemetryMap,
}

/// Where a collector is, and how it is connected to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Collector {
    /// A host and a port.
    pub endpoint: String,
    /// The `:authority`.
    pub authority: String,
    /// Headers of calls.
    pub headers: BTreeMap<String, String>,
    /// Is it connected to in clear?
    pub insecure: bool,
    /// How it is connected to otherwise.
    pub ssl_config: Option<SslConfig>,
    /// The time for a call.
    pub timeout: Option<Span>,
}

/// `opentelemetry.proto.common.v1.AnyValue`, as far as formats can be in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TelemetryValue {
    /// A text with operators.
    StringValue(String),
    /// A list.
    ArrayValue(TelemetryList),
    /// Named values.
    KvlistValue(TelemetryMap),
}

/// `opentelemetry.proto.common.v1.ArrayValue`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct TelemetryList {
    /// The values.
    pub values: Vec<TelemetryValue>,
}

/// `opentelemetry.proto.common.v1.KeyValueList`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct TelemetryMap {
    /// The values.
    pub values: Vec<TelemetryEntry>,
}

/// `opentelemetry.proto.common.v1.KeyValue`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TelemetryEntry {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: TelemetryValue,
}
