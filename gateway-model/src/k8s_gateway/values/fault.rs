//! Faults that are injected.

use serde::Deserialize;

use crate::k8s_gateway::proto::Span;

/// Faults that are injected.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Faults {
    /// Some requests are answered with an error.
    #[serde(default)]
    pub abort: Option<Abort>,
    /// Some requests are held up.
    #[serde(default)]
    pub delay: Option<Delay>,
}

/// An error that stands in for a response.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct Abort {
    /// The share of requests, of 100; none when it is not given.
    pub percentage: f64,
    /// The status.
    pub http_status: u32,
}

/// A time that passes before a request goes on.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Delay {
    /// The share of requests, of 100; none when it is not given.
    pub percentage: f64,
    /// How long.
    pub fixed_delay: Option<Span>,
}
