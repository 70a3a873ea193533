//! What all kinds of routes share.

use serde::{Deserialize, Serialize};

use super::{DefaultScope, RouteRule, Rule};
use crate::{Condition, Hostname, Object, Port, SectionName};

/// A route whose rules are of type `R`.
pub type Route<R> = Object<RouteSpec<R>, RouteStatus>;

/// What a route asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[serde(bound(
    serialize = "R: Serialize",
    deserialize = "R: Deserialize<'de>, R::Match: Deserialize<'de>"
))]
pub struct RouteSpec<R: Rule> {
    /// What it attaches to; at most 32.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub parent_refs: Vec<ParentReference>,
    /// Which default Gateways it attaches to as well (experimental, GEP-3793).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<DefaultScope>,
    /// The hosts that it is for; all when empty. At most 16.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<Hostname>,
    /// The rules.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RouteRule<R>>,
}

/// What a route attaches to: a Gateway or another kind, or one listener or port of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// API group, by default that of the Gateway API; empty for the core group.
    pub group: String,
    /// Kind, by default `Gateway`.
    pub kind: String,
    /// Namespace; that of the route when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// The listener; all when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<SectionName>,
    /// The port; all when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
}

/// What was observed of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStatus {
    /// One entry per parent and controller; at most 32.
    pub parents: Vec<RouteParentStatus>,
}

/// What a controller observed of a route at one of its parents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteParentStatus {
    /// The parent, as the route's spec refers to it.
    pub parent_ref: ParentReference,
    /// Who observed.
    pub controller_name: String,
    /// `Accepted`, `ResolvedRefs`, `PartiallyInvalid`.
    pub conditions: Vec<Condition>,
}
