//! What the data plane answers: the listeners that it could not serve.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::{ObjectRef, SectionName};

use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::ListenerId;
use crate::reader::{Read, Reader};

/// The listeners that the data plane could not serve, by what has them, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unserved(BTreeMap<ObjectRef, OfParent>);

/// The listeners of one parent that the data plane could not serve, and why.
pub(crate) type OfParent = BTreeMap<SectionName, String>;

impl Unserved {
    /// The answer of a data plane.
    pub(crate) fn new(all: Vec<(ListenerId, String)>) -> Self {
        let mut parents: BTreeMap<_, OfParent> = BTreeMap::new();
        for (ListenerId { parent, name }, why) in all {
            parents.entry(parent).or_default().insert(name, why);
        }
        Self(parents)
    }

    /// The listeners of one parent; `None` when all that are to be served are.
    pub(crate) fn of(&self, parent: &ObjectRef, reader: &Reader<'_>) -> Option<&OfParent> {
        reader.record(|| Read::Unserved(parent.clone()));
        self.0.get(parent)
    }

    /// The parents of which another answer says something else.
    pub(crate) fn differing(&self, other: &Self) -> BTreeSet<ObjectRef> {
        let parents = self.0.keys().chain(other.0.keys());
        let differ = |parent: &&ObjectRef| self.0.get(*parent) != other.0.get(*parent);
        parents.filter(differ).cloned().collect()
    }
}

/// Could the data plane serve none of the listeners of a parent that are to be served?
pub(crate) fn leaves_none(unserved: Option<&OfParent>, facts: &ParentFacts) -> bool {
    let Some(unserved) = unserved else {
        return false;
    };
    let is_served = |listener: &ListenerOutcome| {
        listener.serving.is_ok() && !unserved.contains_key(&listener.facts.id.name)
    };
    !facts.listeners.iter().any(is_served)
}
