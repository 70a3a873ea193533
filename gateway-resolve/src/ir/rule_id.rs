//! Which rule of which route.

use std::fmt;

use gateway_model::{ObjectRef, SectionName, Source, Timestamp};
use serde::{Deserialize, Serialize};

/// The identity of a rule: what stays the same from one IR to the next, whatever is edited in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleId {
    /// The route that it belongs to.
    pub route: ObjectRef,
    /// Its position in the route's `rules`.
    pub index: usize,
}

impl fmt::Display for RuleId {
    /// `HTTPRoute default/web rule 2`, counting from 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rule {}", self.route, self.index)
    }
}

/// A rule as its route has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSource {
    /// Which one it is.
    pub id: RuleId,
    /// The `metadata.generation` of the route; 0 when it had none.
    pub generation: i64,
    /// When the route was created; `None` when it does not say. The oldest wins a tie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The rule's name, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SectionName>,
}

impl RuleSource {
    /// A rule of a route, without a name.
    pub fn new(route: Source, index: usize) -> Self {
        let Source { object, generation } = route;
        Self {
            id: RuleId {
                route: object,
                index,
            },
            generation,
            created: None,
            name: None,
        }
    }
}

impl fmt::Display for RuleSource {
    /// `HTTPRoute default/web rule 2 (checkout)`, counting from 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match &self.name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}
