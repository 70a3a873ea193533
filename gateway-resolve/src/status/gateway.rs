//! The status of Gateways.

use gateway_model::{Condition, GatewayStatus, GatewayStatusAddress, ListenerStatus, Timestamp};

use crate::facts::Facts;
use crate::gateway::conflicts::Conflict;
use crate::gateway::listeners::ListenerFacts;
use crate::gateway::serving::serving;
use crate::gateway::{ListenerKey, ServedGateway};
use crate::problem::Verdict;
use crate::reason::{
    GatewayAccepted, GatewayProgrammed, ListenerAccepted, ListenerConflicted, ListenerProgrammed,
    ListenerResolvedRefs, Reason,
};

use super::conditions::Conditions;

/// The status of the Gateway at position `index`; `attached` counts the routes of each listener.
pub(crate) fn status(
    facts: &Facts<'_>,
    index: usize,
    attached: &[i32],
    now: Timestamp,
) -> GatewayStatus {
    let gateway = &facts.gateways[index];
    let listeners = &facts.listeners[index];
    let generation = gateway.object.metadata.generation;
    let stored = &gateway.object.status;
    let accepted = accepted(facts, index);
    let programmed = programmed(facts, index, &accepted);
    let statuses = listeners.iter().enumerate().map(|(listener, of_listener)| {
        let key = ListenerKey {
            gateway: index,
            listener,
        };
        let conditions = Conditions::new(stored_of(stored, of_listener), generation, now);
        ListenerStatus {
            name: of_listener.spec.name.clone(),
            supported_kinds: of_listener.kinds.clone(),
            attached_routes: attached[listener],
            conditions: listener_conditions(facts, key, conditions),
        }
    });
    GatewayStatus {
        addresses: shown(gateway),
        listeners: statuses.collect(),
        conditions: Conditions::new(&stored.conditions, generation, now)
            .add(accepted)
            .add(programmed)
            .maybe(gateway.client_certificate.clone())
            .build(),
        attached_listener_sets: None,
    }
}

/// The addresses of a Gateway that is not accepted are not bound.
fn shown(gateway: &ServedGateway<'_>) -> Vec<GatewayStatusAddress> {
    match gateway.is_refused() {
        true => Vec::new(),
        false => gateway.addresses.shown.clone(),
    }
}

fn stored_of<'a>(stored: &'a GatewayStatus, listener: &ListenerFacts<'_>) -> &'a [Condition] {
    let entry = stored
        .listeners
        .iter()
        .find(|entry| entry.name == listener.spec.name);
    entry.map_or(&[], |entry| &entry.conditions)
}

/// A Gateway is accepted as long as one of its listeners is (GatewayReasonListenersNotValid).
fn accepted(facts: &Facts<'_>, index: usize) -> Verdict<GatewayAccepted> {
    let gateway = &facts.gateways[index];
    if let Some(verdict) = refused(gateway) {
        return verdict;
    }
    let listeners = &facts.listeners[index];
    let mut bad = Vec::new();
    for (listener, of_listener) in listeners.iter().enumerate() {
        let conflict = facts.conflicts.get(&ListenerKey {
            gateway: index,
            listener,
        });
        let verdict = listener_accepted(of_listener, conflict);
        if verdict.reason != ListenerAccepted::Accepted {
            bad.push(format!(
                "{} ({})",
                of_listener.spec.name,
                verdict.reason.as_str()
            ));
        }
    }
    let message = format!("listeners that are not accepted: {}", bad.join(", "));
    match bad.len() {
        0 => Verdict::new(GatewayAccepted::Accepted, "accepted"),
        all if all == listeners.len() => Verdict::new(GatewayAccepted::ListenersNotValid, message),
        _ => Verdict::new(GatewayAccepted::ListenersPartlyNotValid, message),
    }
}

fn refused(gateway: &ServedGateway<'_>) -> Option<Verdict<GatewayAccepted>> {
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
    facts: &Facts<'_>,
    index: usize,
    accepted: &Verdict<GatewayAccepted>,
) -> Verdict<GatewayProgrammed> {
    let gateway = &facts.gateways[index];
    if accepted.reason.status() != gateway_model::ConditionStatus::True {
        return Verdict::new(GatewayProgrammed::Invalid, "the Gateway is not accepted");
    }
    let listeners = &facts.listeners[index];
    let served = listeners
        .iter()
        .enumerate()
        .filter(|(listener, of_listener)| {
            let conflict = facts.conflicts.get(&ListenerKey {
                gateway: index,
                listener: *listener,
            });
            serving(gateway, of_listener, conflict).is_ok()
        })
        .count();
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

fn listener_conditions(
    facts: &Facts<'_>,
    key: ListenerKey,
    conditions: Conditions<'_>,
) -> Vec<Condition> {
    let gateway = &facts.gateways[key.gateway];
    let listener = &facts.listeners[key.gateway][key.listener];
    let conflict = facts.conflicts.get(&key);
    let programmed = match serving(gateway, listener, conflict) {
        Ok(_) => Verdict::new(ListenerProgrammed::Programmed, "served"),
        Err(verdict) => verdict,
    };
    let resolved = ListenerResolvedRefs::ResolvedRefs;
    conditions
        .add(listener_accepted(listener, conflict))
        .add(programmed)
        .add(Verdict::of(
            &listener.unresolved,
            resolved,
            "all references resolve",
        ))
        .add(conflicted(conflict))
        .maybe(facts.overlaps.get(&key).cloned())
        .build()
}

fn listener_accepted(
    listener: &ListenerFacts<'_>,
    conflict: Option<&Conflict>,
) -> Verdict<ListenerAccepted> {
    match conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.accepted(), message.clone()),
        None => Verdict::of(&listener.refused, ListenerAccepted::Accepted, "accepted"),
    }
}

fn conflicted(conflict: Option<&Conflict>) -> Verdict<ListenerConflicted> {
    match conflict {
        Some(Conflict { clash, message }) => Verdict::new(clash.conflicted(), message.clone()),
        None => Verdict::new(ListenerConflicted::NoConflicts, "no conflicts"),
    }
}
