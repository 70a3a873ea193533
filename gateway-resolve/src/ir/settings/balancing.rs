//! Which endpoint of a backend gets a request.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How requests are spread over endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Balancing {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// The least busy of some that are chosen at random.
    LeastRequest {
        /// How many are looked at.
        choices: NonZeroU32,
    },
    /// One at random.
    Random,
    /// The next one on a ring, from where the hash of a request falls.
    Ring {
        /// The points on it at least.
        least: NonZeroU32,
        /// And at most; those of light endpoints are left out first.
        most: NonZeroU32,
    },
    /// The one that a table has for the hash of a request (Maglev).
    Maglev,
}

impl Balancing {
    /// The less busy of two.
    pub const LEAST_OF_TWO: Self = Self::LeastRequest {
        choices: NonZeroU32::new(2).expect("two is not zero"),
    };
}

/// How endpoints that are new get their share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowStart {
    /// How long they are new.
    pub window: Duration,
    /// How their share grows with time, in thousandths: its power is one by this.
    pub aggression: NonZeroU32,
    /// What they get at least, of 100.
    pub least_percent: u8,
}

/// The share of endpoints, of 100, that have to be well: where fewer are, all are asked. Zero: those that are not well
/// are never asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PanicThreshold(pub u8);
