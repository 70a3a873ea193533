//! What the policies share.

use serde::{Deserialize, Serialize};

use crate::PolicyTarget;

/// What a policy asks for, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySpec<O> {
    /// What it is for.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub target_refs: Vec<PolicyTarget>,
    /// What it sets.
    #[serde(default)]
    pub options: O,
}
