//! What policies share (GEP-713).

use serde::{Deserialize, Serialize};

use super::ParentReference;
use crate::{Condition, SectionName};

/// What a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTarget {
    /// API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Kind.
    #[serde(default)]
    pub kind: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// The namespace, where a kind of policy lets it be given; that of the policy when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// A part of it, such as a port of a Service by its name; all of it when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<SectionName>,
}

/// What was observed of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyStatus {
    /// One entry per ancestor, such as a Gateway, and controller; at most 16.
    pub ancestors: Vec<PolicyAncestorStatus>,
}

/// What a controller observed of a policy at one of its ancestors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAncestorStatus {
    /// The ancestor, such as a Gateway whose routes lead to the target.
    pub ancestor_ref: ParentReference,
    /// Who observed.
    pub controller_name: String,
    /// `Accepted`, `ResolvedRefs`.
    pub conditions: Vec<Condition>,
}
