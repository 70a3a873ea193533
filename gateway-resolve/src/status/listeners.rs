//! The status of listeners, whoever has them.

use gateway_model::{Condition, ListenerStatus};

use crate::gateway::conflicts::Conflict;
use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::{
    ListenerAccepted, ListenerConflicted, ListenerProgrammed, ListenerResolvedRefs, Reason,
};

use super::attached::Attached;
use super::conditions::Conditions;
use super::unserved::OfParent;

/// What is said of a parent when the data plane could serve none of its listeners.
pub(super) const NONE_SERVED: &str = "none of the listeners is served";

/// The status of each listener of a parent; `attached` knows the routes of listeners, `unserved` what the data plane
/// says of them.
pub(super) fn statuses(
    facts: &ParentFacts,
    stored: &[ListenerStatus],
    attached: &Attached,
    unserved: Option<&OfParent>,
    reader: &Reader<'_>,
) -> Vec<ListenerStatus> {
    let generation = facts.owner.source().generation;
    let status = |listener: &ListenerOutcome| {
        let name = &listener.facts.spec().name;
        let entry = stored.iter().find(|entry| entry.name == *name);
        let stored = entry.map_or(&[][..], |entry| &entry.conditions);
        ListenerStatus {
            name: name.clone(),
            supported_kinds: listener.facts.kinds.clone(),
            attached_routes: attached.of(&listener.facts.id, reader),
            conditions: conditions(
                listener,
                unserved.and_then(|all| all.get(name)),
                Conditions::new(stored, generation, reader),
            ),
        }
    };
    facts.listeners.iter().map(status).collect()
}

fn conditions(
    listener: &ListenerOutcome,
    unserved: Option<&String>,
    conditions: Conditions<'_>,
) -> Vec<Condition> {
    let resolved = ListenerResolvedRefs::ResolvedRefs;
    conditions
        .add(accepted(listener))
        .add(programmed(listener, unserved))
        .add(Verdict::of(
            &listener.facts.unresolved,
            resolved,
            "all references resolve",
        ))
        .add(conflicted(listener.conflict.as_ref()))
        .maybe(listener.overlap.clone())
        .build()
}

pub(super) fn accepted(listener: &ListenerOutcome) -> Verdict<ListenerAccepted> {
    let refused = &listener.facts.refused;
    match &listener.conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.accepted(), message.clone()),
        None => Verdict::of(refused, ListenerAccepted::Accepted, "accepted"),
    }
}

/// Is it served? `unserved` says why the data plane could not.
pub(super) fn programmed(
    listener: &ListenerOutcome,
    unserved: Option<&String>,
) -> Verdict<ListenerProgrammed> {
    match (&listener.serving, unserved) {
        (Ok(_), Some(why)) => Verdict::new(ListenerProgrammed::Pending, why),
        (Ok(_), None) => Verdict::new(ListenerProgrammed::Programmed, "served"),
        (Err(verdict), _) => verdict.clone(),
    }
}

fn conflicted(conflict: Option<&Conflict>) -> Verdict<ListenerConflicted> {
    match conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.conflicted(), message.clone()),
        None => Verdict::new(ListenerConflicted::NoConflicts, "no conflicts"),
    }
}

/// The reasons of a parent that has all of its listeners, or some, or none.
#[derive(Clone, Copy)]
pub(super) struct Reasons<R> {
    pub(super) all: R,
    pub(super) some: R,
    pub(super) none: R,
}

/// Is a parent accepted, as far as its listeners are? `bad` says what is wrong with one.
pub(super) fn summary<R: Reason>(
    facts: &ParentFacts,
    bad: impl Fn(&ListenerOutcome) -> Option<&'static str>,
    reasons: Reasons<R>,
) -> Verdict<R> {
    let listeners = facts.listeners.iter();
    let bad = listeners.filter_map(|listener| {
        let reason = bad(listener)?;
        Some(format!("{} ({reason})", listener.facts.spec().name))
    });
    let bad: Vec<_> = bad.collect();
    let message = format!("listeners that are not accepted: {}", bad.join(", "));
    match bad.len() {
        0 => Verdict::new(reasons.all, "accepted"),
        all if all == facts.listeners.len() => Verdict::new(reasons.none, message),
        _ => Verdict::new(reasons.some, message),
    }
}

/// How many of a parent's listeners are served.
pub(super) fn served(facts: &ParentFacts) -> usize {
    let listeners = facts.listeners.iter();
    listeners
        .filter(|listener| listener.serving.is_ok())
        .count()
}
