//! What becomes of a listener's connections, and what the proxy answers by itself.

use serde::Deserialize;

use crate::k8s_gateway::proto::Span;

/// A path that the proxy answers by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// The path, with the query if there is one.
    pub path: String,
}

/// How many connections may be open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionLimit {
    /// So many; as many as come, when it is not given.
    pub max_active_connections: Option<u32>,
    /// How long those beyond are kept waiting before they are closed.
    pub delay_before_close: Option<Span>,
}

/// What heads are held to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderValidation {
    /// May methods be any? If not, they are those that are registered.
    pub disable_http1_method_validation: Option<Empty>,
}

/// A message that says something by being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Empty {}

/// What requests and responses are told on their way to and from backends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Router {
    /// Are there no headers of Envoy's own?
    pub suppress_envoy_headers: bool,
}
