//! How long connections and requests of clients last.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long connections of clients, and the requests on them, may take; `None`: as the data plane says otherwise,
/// zero: no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionTimes {
    /// Without a request. Then the connection closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// From its beginning. Then it takes no more requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Duration>,
    /// How many requests it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<NonZeroU32>,
    /// For requests that are on their way when it is to close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<Duration>,
    /// For reading on after the last response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linger: Option<Duration>,
    /// For the head of a request. Exceeded: 408.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Duration>,
    /// For a request, up to its end. Exceeded: 408.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Duration>,
    /// For a request and its response, where the rule does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Duration>,
    /// Without a byte of a request or response, where the rule does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Duration>,
}
