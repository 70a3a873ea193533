//! Rate limits that a gateway keeps by itself.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A bucket of tokens, of which each request takes one; without one, it is answered with 429. There is one bucket for
/// each rule, virtual host or listener that this is set for, over all its clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalRateLimit {
    /// Tokens that it holds at most, and at first.
    pub tokens: NonZeroU32,
    /// Tokens that come in when an interval is over.
    pub refill: NonZeroU32,
    /// How long an interval is; not zero.
    pub interval: Duration,
}
