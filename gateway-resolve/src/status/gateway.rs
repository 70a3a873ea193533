//! The status of Gateways.

use gateway_model::{DefaultScope, GatewayStatus, GatewayStatusAddress};

use crate::gateway::{ListenerOutcome, ParentFacts, ServedGateway};
use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::{
    GatewayAccepted, GatewayDefault, GatewayProgrammed, GatewayResolvedRefs, ListenerAccepted,
    Reason,
};

use super::attached::Attached;
use super::conditions::Conditions;
use super::listeners::{self, NONE_SERVED, Reasons, served, summary};
use super::unserved::{OfParent, leaves_none};

/// The status of a Gateway; `attached` knows the routes of listeners, `unserved` what the data plane says of them.
pub(crate) fn status(
    facts: &ParentFacts,
    attached: &Attached,
    unserved: Option<&OfParent>,
    reader: &Reader<'_>,
) -> GatewayStatus {
    let gateway = &facts.gateway;
    let generation = gateway.object.metadata.generation;
    let stored = &gateway.object.status;
    let accepted = accepted(facts);
    let programmed = match leaves_none(unserved, facts) {
        true => Verdict::new(GatewayProgrammed::NoResources, NONE_SERVED),
        false => programmed(facts, &accepted),
    };
    let conditions = Conditions::new(&stored.conditions, generation, reader);
    GatewayStatus {
        addresses: shown(gateway),
        listeners: listeners::statuses(facts, &stored.listeners, attached, unserved, reader),
        conditions: conditions
            .add(accepted)
            .add(programmed)
            .maybe(resolved_refs(facts))
            .maybe(gateway.frontend.insecure())
            .maybe(is_default(gateway))
            .build(),
        attached_listener_sets: attached_sets(facts),
    }
}

/// A Gateway that routes have without naming it says so, unless it is refused (GEP-3793).
fn is_default(gateway: &ServedGateway) -> Option<Verdict<GatewayDefault>> {
    let asks = gateway.object.spec.default_scope == Some(DefaultScope::All);
    let message = "routes that ask for default Gateways are attached to it";
    let verdict = || Verdict::new(GatewayDefault::DefaultGateway, message);
    (asks && !gateway.is_refused()).then(verdict)
}

/// Only a Gateway that refers to something itself says so; then it speaks for its listeners as well.
fn resolved_refs(facts: &ParentFacts) -> Option<Verdict<GatewayResolvedRefs>> {
    let unresolved = |listener: &&ListenerOutcome| !listener.facts.unresolved.is_empty();
    Some(match facts.gateway.client.as_ref()? {
        Err(problem) => Verdict::new(problem.reason, problem.text()),
        Ok(_) => match facts.listeners.iter().find(unresolved) {
            Some(listener) => {
                let name = &listener.facts.spec().name;
                let message = format!("references of listener {name} do not resolve");
                Verdict::new(GatewayResolvedRefs::ListenersNotResolved, message)
            }
            None => Verdict::new(GatewayResolvedRefs::ResolvedRefs, "all references resolve"),
        },
    })
}

/// How many ListenerSets are attached, where any may be.
fn attached_sets(facts: &ParentFacts) -> Option<i32> {
    let allowed = facts.gateway.object.spec.allowed_listeners.as_ref();
    allowed.map(|_| i32::try_from(facts.attached_sets).unwrap_or(i32::MAX))
}

/// The addresses of a Gateway that is not accepted are not bound.
fn shown(gateway: &ServedGateway) -> Vec<GatewayStatusAddress> {
    match gateway.is_refused() {
        true => Vec::new(),
        false => gateway.addresses.shown.clone(),
    }
}

/// A Gateway is accepted as long as one of its listeners is (GatewayReasonListenersNotValid).
fn accepted(facts: &ParentFacts) -> Verdict<GatewayAccepted> {
    if let Some(verdict) = refused(&facts.gateway) {
        return verdict;
    }
    let bad = |listener: &ListenerOutcome| {
        let reason = listeners::accepted(listener).reason;
        (reason != ListenerAccepted::Accepted).then(|| reason.as_str())
    };
    let reasons = Reasons {
        all: GatewayAccepted::Accepted,
        some: GatewayAccepted::ListenersPartlyNotValid,
        none: GatewayAccepted::ListenersNotValid,
    };
    summary(facts, bad, reasons)
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
    facts: &ParentFacts,
    accepted: &Verdict<GatewayAccepted>,
) -> Verdict<GatewayProgrammed> {
    if accepted.reason.status() != gateway_model::ConditionStatus::True {
        return Verdict::new(GatewayProgrammed::Invalid, "the Gateway is not accepted");
    }
    let ParentFacts {
        gateway, listeners, ..
    } = facts;
    let served = served(facts);
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
