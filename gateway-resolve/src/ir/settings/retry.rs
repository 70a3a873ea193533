//! Retries.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Retries (GEP-1731).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Statuses of a backend that are tried again.
    pub statuses: Vec<u16>,
    /// How many times, beyond the first attempt.
    pub attempts: NonZeroU32,
    /// The least time between two attempts.
    pub backoff: Duration,
    /// Up to which that time is doubled from attempt to attempt; it stays the same when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_backoff: Option<Duration>,
    /// The time of each attempt, in place of what the rule says of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_timeout: Option<Duration>,
    /// Attempts without a response that are made again.
    #[serde(default, skip_serializing_if = "Failures::are_all")]
    pub failures: Failures,
}

/// Ways for an attempt to bring no response. All of them, by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// No connection could be made, or the endpoint took no request on it.
    pub connect: bool,
    /// The connection broke.
    pub reset: bool,
    /// The attempt took too long.
    pub timeout: bool,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            connect: true,
            reset: true,
            timeout: true,
        }
    }
}

impl Failures {
    /// For `skip_serializing_if`.
    fn are_all(&self) -> bool {
        *self == Self::default()
    }
}

impl Retry {
    /// The time between attempt `number`, counted from 0, and the next.
    pub fn pause(&self, number: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << number.min(16));
        let most = self.max_backoff.map(|most| most.max(self.backoff));
        most.map_or(self.backoff, |most| doubled.min(most))
    }
}

/// How much of the traffic to a backend may be retries (GEP-3388). Those beyond both bounds are answered with 503.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConstraint {
    /// How many of a hundred requests; 0 to 100.
    pub percent: u8,
    /// The time in which those are counted; not zero.
    pub interval: Duration,
    /// How many are allowed at any rate.
    pub least: NonZeroU32,
    /// The time in which those are counted; not zero.
    pub least_interval: Duration,
}
