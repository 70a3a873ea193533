//! How long streams may be.

use serde::Deserialize;

use crate::k8s_gateway::proto::Span;

/// How long a stream may be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MaxStreamDuration {
    /// So long; zero: without a limit.
    pub max_stream_duration: Option<Span>,
    /// The `grpc-timeout` of a client counts instead, up to this; zero: without a bound.
    pub grpc_timeout_header_max: Option<Span>,
    /// What is taken off that.
    pub grpc_timeout_header_offset: Option<Span>,
}
