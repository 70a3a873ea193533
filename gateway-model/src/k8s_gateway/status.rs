//! What controllers say of options and upstreams: an entry for each namespace that one runs in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The status of an option or an upstream. It is no subresource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionStatuses {
    /// By the namespace of the controller.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, OptionStatus>,
    /// What else is there.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// What one controller says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OptionStatus {
    /// Whether it is in effect.
    pub state: OptionState,
    /// Why it is not as it is meant to be; empty when it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Which controller says so.
    pub reported_by: String,
    /// The same for each of several proxies, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subresource_statuses: BTreeMap<String, OptionStatus>,
}

super::proto::numbered! {
    /// Whether an option is in effect.
    OptionState {
        /// Nobody has looked at it.
        Pending = 0 "Pending",
        /// It is.
        Accepted = 1 "Accepted",
        /// Something in it is wrong, and not in effect.
        Rejected = 2 "Rejected",
        /// It is not, wholly or in part, since others go before it.
        Warning = 3 "Warning",
    }
}
