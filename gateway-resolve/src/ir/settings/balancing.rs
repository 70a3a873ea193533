//! Which endpoint of a backend gets a request.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How requests are spread over endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Balancing {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// The less busy of two that are chosen at random.
    LeastRequest,
}

/// When an endpoint is taken out of rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ejection {
    /// Failures in a row.
    pub after: NonZeroU32,
    /// For how long.
    pub period: Duration,
}
