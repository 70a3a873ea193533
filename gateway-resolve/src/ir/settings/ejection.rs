//! Endpoints that are left alone because of how they answer.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When an endpoint is taken out of rotation because of how it answers, and for how long: what Envoy calls outlier
/// detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ejection {
    /// By so many answers of 500 to 599 in a row.
    pub server_errors: Option<InARow>,
    /// By so many answers of 502, 503 or 504 in a row.
    pub gateway_errors: Option<InARow>,
    /// What failures without an answer do.
    pub silence: Silence,
    /// By answers that are errors far more often than those of the other endpoints; 500 to 599 are errors.
    pub success_rate: Option<SuccessRate>,
    /// How often success rates are compared, and after how long without an ejection the next one is as short as the one
    /// before the last.
    pub interval: Duration,
    /// How long the first ejection lasts, by which each that follows lasts longer.
    pub period: Duration,
    /// How long an ejection lasts at most.
    pub longest: Duration,
    /// The share of endpoints, of 100, that may be out at a time.
    pub most_percent: u8,
}

impl Ejection {
    /// By so many failures without an answer in a row, whatever is answered, each time for `period`.
    pub fn of_silent(count: NonZeroU32, period: Duration) -> Self {
        Self {
            server_errors: None,
            gateway_errors: None,
            silence: Silence::Apart {
                failures: Some(InARow::always(count)),
                success_rate: None,
            },
            success_rate: None,
            interval: period,
            period,
            longest: period,
            most_percent: 100,
        }
    }
}

/// What failures without an answer, such as connections that are not made or break, do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Silence {
    /// They are answers of 503.
    GatewayError,
    /// They are no answers, and count apart.
    Apart {
        /// By so many of them in a row.
        failures: Option<InARow>,
        /// By failing far more often than the other endpoints.
        success_rate: Option<SuccessRate>,
    },
}

/// So many of one kind in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InARow {
    /// How many.
    pub count: NonZeroU32,
    /// How often it is acted upon, of 100.
    pub enforced_percent: u8,
}

impl InARow {
    /// So many, which is always acted upon.
    pub fn always(count: NonZeroU32) -> Self {
        Self {
            count,
            enforced_percent: 100,
        }
    }
}

/// Success rates that are compared. One is too low when it is below the mean of all by more than some of their standard
/// deviations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessRate {
    /// How many endpoints have to have enough requests.
    pub endpoints: u32,
    /// How many requests are enough, of one interval.
    pub requests: u32,
    /// How many standard deviations, in thousandths.
    pub deviations: u32,
    /// How often it is acted upon, of 100.
    pub enforced_percent: u8,
}
