//! Retries.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
