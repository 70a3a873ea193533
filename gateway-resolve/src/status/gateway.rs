//! The status of Gateways.

use std::sync::Arc;

use gateway_model::{Condition, GatewayStatus, GatewayStatusAddress, ListenerStatus};

use crate::gateway::conflicts::Conflict;
use crate::gateway::{ListenerOutcome, ParentFacts, ServedGateway};
use crate::ir::ListenerId;
use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::{
    GatewayAccepted, GatewayProgrammed, ListenerAccepted, ListenerConflicted, ListenerProgrammed,
    ListenerResolvedRefs, Reason,
};

use super::conditions::Conditions;

/// The status of a Gateway; `attached` counts the routes of a listener.
pub(crate) fn status(
    facts: &ParentFacts,
    attached: impl Fn(&Arc<ListenerId>) -> i32,
    reader: &Reader<'_>,
) -> GatewayStatus {
    let ParentFacts {
        gateway, listeners, ..
    } = facts;
    let generation = gateway.object.metadata.generation;
    let stored = &gateway.object.status;
    let accepted = accepted(facts);
    let programmed = programmed(facts, &accepted);
    let statuses = listeners.iter().map(|listener| {
        let stored = stored_of(stored, listener);
        let conditions = Conditions::new(stored, generation, reader);
        ListenerStatus {
            name: listener.facts.spec().name.clone(),
            supported_kinds: listener.facts.kinds.clone(),
            attached_routes: attached(&listener.facts.id),
            conditions: listener_conditions(listener, conditions),
        }
    });
    GatewayStatus {
        addresses: shown(gateway),
        listeners: statuses.collect(),
        conditions: Conditions::new(&stored.conditions, generation, reader)
            .add(accepted)
            .add(programmed)
            .maybe(gateway.client_certificate.clone())
            .build(),
        attached_listener_sets: None,
    }
}

/// The addresses of a Gateway that is not accepted are not bound.
fn shown(gateway: &ServedGateway) -> Vec<GatewayStatusAddress> {
    match gateway.is_refused() {
        true => Vec::new(),
        false => gateway.addresses.shown.clone(),
    }
}

fn stored_of<'a>(stored: &'a GatewayStatus, listener: &ListenerOutcome) -> &'a [Condition] {
    let entry = stored
        .listeners
        .iter()
        .find(|entry| entry.name == listener.facts.spec().name);
    entry.map_or(&[], |entry| &entry.conditions)
}

/// A Gateway is accepted as long as one of its listeners is (GatewayReasonListenersNotValid).
fn accepted(facts: &ParentFacts) -> Verdict<GatewayAccepted> {
    let ParentFacts {
        gateway, listeners, ..
    } = facts;
    if let Some(verdict) = refused(gateway) {
        return verdict;
    }
    let mut bad = Vec::new();
    for listener in listeners {
        let verdict = listener_accepted(listener);
        if verdict.reason != ListenerAccepted::Accepted {
            let (name, reason) = (&listener.facts.spec().name, verdict.reason.as_str());
            bad.push(format!("{name} ({reason})"));
        }
    }
    let message = format!("listeners that are not accepted: {}", bad.join(", "));
    match bad.len() {
        0 => Verdict::new(GatewayAccepted::Accepted, "accepted"),
        all if all == listeners.len() => Verdict::new(GatewayAccepted::ListenersNotValid, message),
        _ => Verdict::new(GatewayAccepted::ListenersPartlyNotValid, message),
    }
}

fn refused(gateway: &ServedGateway) -> Option<Verdict<GatewayAccepted>> {
    let problems: Vec<_> = gateway
        .refused
        .iter()
        .chain(&gateway.addresses.refused)
        .cloned()
        .collect();
    let verdict = Verdict::of(&problems, GatewayAccepted::Accepted, "accepted");
    (!problems.is_empty()).then_some(verdict)
}

/// An accepted Gateway that has its addresses is programmed, unless none of its listeners is served.
/// One that waits for a certificate beside others says so itself.
fn programmed(
    ParentFacts {
        gateway, listeners, ..
    }: &ParentFacts,
    accepted: &Verdict<GatewayAccepted>,
) -> Verdict<GatewayProgrammed> {
    if accepted.reason.status() != gateway_model::ConditionStatus::True {
        return Verdict::new(GatewayProgrammed::Invalid, "the Gateway is not accepted");
    }
    let served = listeners.iter().filter(|listener| listener.serving.is_ok());
    let served = served.count();
    let message = format!("{served} of {} listeners are served", listeners.len());
    let has_addresses = gateway.addresses.unusable.is_empty();
    if has_addresses && served == 0 && !listeners.is_empty() {
        return Verdict::new(GatewayProgrammed::Invalid, &message);
    }
    Verdict::of(
        &gateway.addresses.unusable,
        GatewayProgrammed::Programmed,
        &message,
    )
}

fn listener_conditions(listener: &ListenerOutcome, conditions: Conditions<'_>) -> Vec<Condition> {
    let programmed = match &listener.serving {
        Ok(_) => Verdict::new(ListenerProgrammed::Programmed, "served"),
        Err(verdict) => verdict.clone(),
    };
    let resolved = ListenerResolvedRefs::ResolvedRefs;
    conditions
        .add(listener_accepted(listener))
        .add(programmed)
        .add(Verdict::of(
            &listener.facts.unresolved,
            resolved,
            "all references resolve",
        ))
        .add(conflicted(listener.conflict.as_ref()))
        .maybe(listener.overlap.clone())
        .build()
}

fn listener_accepted(listener: &ListenerOutcome) -> Verdict<ListenerAccepted> {
    let refused = &listener.facts.refused;
    match &listener.conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.accepted(), message.clone()),
        None => Verdict::of(refused, ListenerAccepted::Accepted, "accepted"),
    }
}

fn conflicted(conflict: Option<&Conflict>) -> Verdict<ListenerConflicted> {
    match conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.conflicted(), message.clone()),
        None => Verdict::new(ListenerConflicted::NoConflicts, "no conflicts"),
    }
}
