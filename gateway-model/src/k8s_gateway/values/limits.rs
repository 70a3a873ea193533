//! How much, and how many.

use serde::Deserialize;

use super::RateLimitActions;
use crate::k8s_gateway::proto::Span;

/// Requests are read as a whole before they go on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Buffer {
    /// The size above which they are refused, in bytes.
    pub max_request_bytes: Option<u32>,
}

/// What a route says of buffering, in the place of its listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BufferPerRoute {
    /// There is none.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// There is this one.
    #[serde(default)]
    pub buffer: Option<Buffer>,
}

/// A bucket of tokens, one of which each request takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LocalRateLimit {
    /// How many it holds.
    pub max_tokens: u32,
    /// How many it gets at a time; one, when it is not given.
    pub tokens_per_fill: Option<u32>,
    /// How often it gets them; every second, when it is not given.
    pub fill_interval: Option<Span>,
}

/// What limits the rate of a route or virtual host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum RateLimit {
    /// As it says itself.
    #[serde(rename = "ratelimit")]
    Own(RateLimits),
    /// As other objects say.
    #[serde(rename = "rateLimitConfigs")]
    Configs(serde_json::Value),
}

/// Limits of a route or virtual host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimits {
    /// A bucket in this process.
    pub local_ratelimit: Option<LocalRateLimit>,
    /// What a server is told of requests.
    pub rate_limits: Vec<RateLimitActions>,
    /// Is it told what the virtual host says as well?
    pub include_vh_rate_limits: bool,
}

/// What limits the rate of a listener's requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpLocalRateLimit {
    /// The bucket of what has none of its own.
    pub default_limit: Option<LocalRateLimit>,
}
