//! Retries and copies.

use serde::Deserialize;

use super::ResourceRef;
use crate::k8s_gateway::proto::Span;

/// When and how often a request is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Retries {
    /// When, as words joined by commas, such as `5xx` or `connect-failure`.
    pub retry_on: String,
    /// How often; 0 stands for 1.
    pub num_retries: u32,
    /// The time that each attempt has.
    pub per_try_timeout: Option<Span>,
    /// The time between attempts.
    pub retry_back_off: Option<Backoff>,
    /// How often priorities of endpoints that were tried are left out; there is one priority.
    pub previous_priorities: Option<PreviousPriorities>,
    /// The statuses of `retriable-status-codes`.
    pub retriable_status_codes: Vec<u32>,
}

/// After how many attempts priorities are looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreviousPriorities {
    /// So many; 2, when it is not given.
    pub update_frequency: Option<u32>,
}

/// The time between attempts, which grows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Backoff {
    /// Before the second attempt.
    pub base_interval: Option<Span>,
    /// At most.
    pub max_interval: Option<Span>,
}

/// A copy of requests, whose answer is dropped.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Shadowing {
    /// The Upstream that gets it.
    pub upstream: ResourceRef,
    /// The share of requests, of 100; none when it is not given.
    pub percentage: f64,
}
