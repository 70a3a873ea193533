//! XBackendTrafficPolicy.

use serde::{Deserialize, Serialize};

use super::{PolicyStatus, PolicyTarget, SessionPersistence, X_GROUP};
use crate::{Duration, Kind, Object, ObjectMeta, Unread};

/// How traffic to a backend is handled (experimental, GEP-1619 and GEP-3388).
pub type XBackendTrafficPolicy = Object<XBackendTrafficPolicySpec, PolicyStatus>;

impl Kind for XBackendTrafficPolicy {
    const GROUP: &'static str = X_GROUP;
    const KIND: &'static str = "XBackendTrafficPolicy";
    const PLURAL: &'static str = "xbackendtrafficpolicies";
    const VERSIONS: &'static [&'static str] = &["v1alpha1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What an XBackendTrafficPolicy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XBackendTrafficPolicySpec {
    /// What it is for; 1 to 16, never a part.
    pub target_refs: Vec<PolicyTarget>,
    /// How much of the traffic may be retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_constraint: Option<RetryConstraint>,
    /// How the requests of a session find the same endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
    /// What isn't understood of a stored object: it is not in force.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// How much of the traffic to a backend may be retries. Those beyond both are answered with 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryConstraint {
    /// A share of the requests.
    pub budget: RetryBudget,
    /// What is allowed at any rate.
    pub min_retry_rate: RequestRate,
}

/// A share of the requests of some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryBudget {
    /// How many of a hundred; 0 to 100.
    pub percent: u8,
    /// The time; a second to an hour.
    pub interval: Duration,
}

/// So many requests in some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRate {
    /// How many; 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The time; at most an hour, and not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}
