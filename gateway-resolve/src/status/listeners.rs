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

/// The status of each listener of a parent of this `generation`; `attached` knows the routes of listeners.
pub(super) fn statuses(
    facts: &ParentFacts,
    stored: &[ListenerStatus],
    generation: i64,
    attached: &Attached,
    reader: &Reader<'_>,
) -> Vec<ListenerStatus> {
    let status = |listener: &ListenerOutcome| {
        let name = &listener.facts.spec().name;
        let entry = stored.iter().find(|entry| entry.name == *name);
        let stored = entry.map_or(&[][..], |entry| &entry.conditions);
        ListenerStatus {
            name: name.clone(),
            supported_kinds: listener.facts.kinds.clone(),
            attached_routes: attached.of(&listener.facts.id, reader),
            conditions: conditions(listener, Conditions::new(stored, generation, reader)),
        }
    };
    facts.listeners.iter().map(status).collect()
}

fn conditions(listener: &ListenerOutcome, conditions: Conditions<'_>) -> Vec<Condition> {
    let resolved = ListenerResolvedRefs::ResolvedRefs;
    conditions
        .add(accepted(listener))
        .add(programmed(listener))
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

pub(super) fn programmed(listener: &ListenerOutcome) -> Verdict<ListenerProgrammed> {
    match &listener.serving {
        Ok(_) => Verdict::new(ListenerProgrammed::Programmed, "served"),
        Err(verdict) => verdict.clone(),
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
