//! How many connections a listener takes.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many connections may be open at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLimit {
    /// So many. Those beyond are closed.
    pub connections: NonZeroU32,
    /// After this time.
    pub delay: Duration,
}
