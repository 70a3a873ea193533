//! What a status should become: what is wanted, and what others wrote.

use std::collections::BTreeSet;

use gateway_model::{
    Condition, CustomStatus, GatewayClassStatus, GatewayStatus, ListenerSetStatus, ListenerStatus,
    ParentReference, PolicyAncestorStatus, PolicyStatus, RouteParentStatus, RouteStatus,
};

use super::Author;

/// A status that several writers share.
pub trait MergeStatus: PartialEq + Sized {
    /// The status to store: `wanted` by `author`, and what others wrote into `self`, the stored one
    /// of an object of this `generation`. Merging the same again changes nothing.
    #[must_use]
    fn merged(&self, wanted: &Self, author: Author<'_>, generation: i64) -> Self;
}

/// The condition types that a Gateway API controller writes; others belong to other writers.
const CLASS: &[&str] = &["Accepted", "SupportedVersion"];
const GATEWAY: &[&str] = &[
    "Accepted",
    "Programmed",
    "ResolvedRefs",
    "InsecureFrontendValidationMode",
    "DefaultGateway",
];
const LISTENER_SET: &[&str] = &["Accepted", "Programmed"];
const LISTENER: &[&str] = &[
    "Accepted",
    "Programmed",
    "ResolvedRefs",
    "Conflicted",
    "OverlappingTLSConfig",
];
const ROUTE: &[&str] = &["Accepted", "ResolvedRefs", "PartiallyInvalid"];
const POLICY: &[&str] = &["Accepted", "ResolvedRefs"];

/// How many conditions the API server takes in any list of them.
const MAX_CONDITIONS: usize = 8;

impl MergeStatus for GatewayClassStatus {
    fn merged(&self, wanted: &Self, _author: Author<'_>, generation: i64) -> Self {
        let Self {
            conditions: stored,
            supported_features: _,
        } = self;
        let Self {
            conditions,
            supported_features,
        } = wanted;
        Self {
            conditions: merged_conditions(stored, conditions, CLASS, generation),
            supported_features: supported_features.clone(),
        }
    }
}

impl MergeStatus for GatewayStatus {
    fn merged(&self, wanted: &Self, _author: Author<'_>, generation: i64) -> Self {
        let Self {
            addresses,
            conditions,
            listeners,
            attached_listener_sets,
        } = wanted;
        Self {
            addresses: addresses.clone(),
            conditions: merged_conditions(&self.conditions, conditions, GATEWAY, generation),
            listeners: merged_listeners(&self.listeners, listeners, generation),
            attached_listener_sets: *attached_listener_sets,
        }
    }
}

impl MergeStatus for ListenerSetStatus {
    fn merged(&self, wanted: &Self, _author: Author<'_>, generation: i64) -> Self {
        let Self {
            conditions,
            listeners,
        } = wanted;
        Self {
            conditions: merged_conditions(&self.conditions, conditions, LISTENER_SET, generation),
            listeners: merged_listeners(&self.listeners, listeners, generation),
        }
    }
}

impl MergeStatus for RouteStatus {
    fn merged(&self, wanted: &Self, author: Author<'_>, generation: i64) -> Self {
        let (stored, wanted) = (&self.parents, &wanted.parents);
        Self {
            parents: merged_entries(stored, wanted, author, generation),
        }
    }
}

impl MergeStatus for PolicyStatus {
    fn merged(&self, wanted: &Self, author: Author<'_>, generation: i64) -> Self {
        let (stored, wanted) = (&self.ancestors, &wanted.ancestors);
        Self {
            ancestors: merged_entries(stored, wanted, author, generation),
        }
    }
}

impl MergeStatus for CustomStatus {
    fn merged(&self, wanted: &Self, author: Author<'_>, generation: i64) -> Self {
        let (stored, entries) = (&self.ancestors, &wanted.ancestors);
        let mut others = self.others.clone();
        others.extend(wanted.others.clone());
        Self {
            ancestors: merged_entries(stored, entries, author, generation),
            others,
        }
    }
}

/// What a controller says of an object at another one.
trait Entry: Clone {
    /// The condition types that a Gateway API controller writes.
    const OWNED: &'static [&'static str];
    /// How many entries the API server takes.
    const MAX: usize;

    /// At which object.
    fn at(&self) -> &ParentReference;
    fn controller(&self) -> &str;
    fn conditions(&self) -> &[Condition];
    fn with(&self, conditions: Vec<Condition>) -> Self;
}

impl Entry for RouteParentStatus {
    const OWNED: &'static [&'static str] = ROUTE;
    const MAX: usize = 32;

    fn at(&self) -> &ParentReference {
        &self.parent_ref
    }

    fn controller(&self) -> &str {
        &self.controller_name
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn with(&self, conditions: Vec<Condition>) -> Self {
        Self {
            conditions,
            ..self.clone()
        }
    }
}

impl Entry for PolicyAncestorStatus {
    const OWNED: &'static [&'static str] = POLICY;
    const MAX: usize = 16;

    fn at(&self) -> &ParentReference {
        &self.ancestor_ref
    }

    fn controller(&self) -> &str {
        &self.controller_name
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn with(&self, conditions: Vec<Condition>) -> Self {
        Self {
            conditions,
            ..self.clone()
        }
    }
}

/// Entries of other controllers stay as they are and where they are; own ones that are no longer wanted or are
/// under a former name go, new ones go to the end. Own ones beyond what the API server takes are left out.
fn merged_entries<E: Entry>(
    stored: &[E],
    wanted: &[E],
    author: Author<'_>,
    generation: i64,
) -> Vec<E> {
    // Others write their own.
    let own = |entry: &&E| entry.controller() == author.controller;
    let mut missing: Vec<&E> = wanted.iter().filter(own).collect();
    let mut entries = Vec::with_capacity(stored.len().max(missing.len()));
    for known in stored {
        if known.controller() != author.controller {
            if !author
                .former
                .iter()
                .any(|former| former == known.controller())
            {
                entries.push(known.clone());
            }
            continue;
        }
        let same = |entry: &&E| entry.at() == known.at();
        if let Some(position) = missing.iter().position(same) {
            let wanted = missing.remove(position);
            entries.push(merged_entry(known.conditions(), wanted, generation));
        }
    }
    let room = E::MAX.saturating_sub(entries.len());
    let added = missing.into_iter().take(room);
    entries.extend(added.map(|entry| merged_entry(&[], entry, generation)));
    entries
}

fn merged_entry<E: Entry>(stored: &[Condition], wanted: &E, generation: i64) -> E {
    let conditions = wanted.conditions();
    wanted.with(merged_conditions(stored, conditions, E::OWNED, generation))
}

fn merged_listeners(
    stored: &[ListenerStatus],
    wanted: &[ListenerStatus],
    generation: i64,
) -> Vec<ListenerStatus> {
    let wanted = wanted.iter();
    wanted
        .map(|listener| merged_listener(stored, listener, generation))
        .collect()
}

fn merged_listener(
    stored: &[ListenerStatus],
    wanted: &ListenerStatus,
    generation: i64,
) -> ListenerStatus {
    let ListenerStatus {
        name,
        supported_kinds,
        attached_routes,
        conditions,
    } = wanted;
    let before = stored.iter().find(|listener| listener.name == *name);
    let before = before.map_or(&[][..], |listener| &listener.conditions);
    ListenerStatus {
        name: name.clone(),
        supported_kinds: supported_kinds.clone(),
        attached_routes: *attached_routes,
        conditions: merged_conditions(before, conditions, LISTENER, generation),
    }
}

/// The stored conditions, in their order, without the `owned` types that are no longer wanted; then
/// the wanted ones that are new. The API server takes 8; the last of the new ones are left out
/// rather than the whole status.
fn merged_conditions(
    stored: &[Condition],
    wanted: &[Condition],
    owned: &[&str],
    generation: i64,
) -> Vec<Condition> {
    let mut written = BTreeSet::new();
    let mut merged: Vec<Condition> = stored
        .iter()
        .filter(|condition| written.insert(&*condition.type_))
        .filter_map(
            |condition| match wanted.iter().find(|other| other.type_ == condition.type_) {
                Some(other) => Some(merged_condition(condition, other, generation)),
                None if owned.contains(&&*condition.type_) => None,
                None => Some(condition.clone()),
            },
        )
        .collect();
    let new = wanted
        .iter()
        .filter(|condition| written.insert(&*condition.type_));
    let room = MAX_CONDITIONS.saturating_sub(merged.len());
    merged.extend(new.take(room).cloned());
    merged
}

/// The time moves only when the status does (`metav1.Condition`), and what was observed of a newer
/// generation is not overwritten, if the object has come to that one.
fn merged_condition(stored: &Condition, wanted: &Condition, generation: i64) -> Condition {
    let observed = stored.observed_generation;
    if observed > wanted.observed_generation && observed <= generation {
        return stored.clone();
    }
    let mut merged = wanted.clone();
    if stored.status == wanted.status {
        merged.last_transition_time = stored.last_transition_time;
    }
    merged
}
