//! Settings, each with the resource that it came from.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::Source;
use serde::{Deserialize, Serialize};

/// A value and the resource that set it. Policies merge by replacing whole `Sourced` values, so a
/// value can never be told apart from its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub source: Source,
}

/// What may be tuned for one rule; `None` leaves the data plane's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RuleSettings {
    /// From the end of the request's head to the end of the response; zero: no limit. Exceeded
    /// before the response's head was sent: 504.
    pub request_timeout: Option<Sourced<Duration>>,
    /// For one attempt at a backend, to the end of its response; zero: no limit. Exceeded: 504.
    pub backend_request_timeout: Option<Sourced<Duration>>,
    /// When and how often a request is tried again.
    pub retry: Option<Sourced<Retry>>,
}

/// Retries (GEP-1731). Failed connections and attempts that took too long are always retried.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Statuses of a backend that are tried again.
    pub statuses: Vec<u16>,
    /// How many times, beyond the first attempt.
    pub attempts: NonZeroU32,
    /// The least time between two attempts.
    pub backoff: Duration,
}
