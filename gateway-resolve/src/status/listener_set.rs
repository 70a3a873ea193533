//! The status of ListenerSets (GEP-1713).

use gateway_model::{ListenerSet, ListenerSetStatus};

use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::{ListenerAccepted, ListenerSetAccepted, ListenerSetProgrammed, Reason};

use super::attached::Attached;
use super::conditions::Conditions;
use super::listeners::{self, NONE_SERVED, Reasons, served, summary};
use super::unserved::{OfParent, leaves_none};

/// The status of a ListenerSet; `attached` knows the routes of listeners, `unserved` what the data plane says of them.
pub(crate) fn status(
    object: &ListenerSet,
    facts: &ParentFacts,
    attached: &Attached,
    unserved: Option<&OfParent>,
    reader: &Reader<'_>,
) -> ListenerSetStatus {
    let generation = object.metadata.generation;
    let stored = &object.status;
    let accepted = accepted(facts);
    let programmed = match leaves_none(unserved, facts) {
        true => Verdict::new(ListenerSetProgrammed::ListenersNotValid, NONE_SERVED),
        false => programmed(facts, &accepted),
    };
    ListenerSetStatus {
        conditions: Conditions::new(&stored.conditions, generation, reader)
            .add(accepted)
            .add(programmed)
            .build(),
        listeners: listeners::statuses(facts, &stored.listeners, attached, unserved, reader),
    }
}

/// A ListenerSet is accepted as long as the Gateway lets it in and one of its listeners is valid.
fn accepted(facts: &ParentFacts) -> Verdict<ListenerSetAccepted> {
    let reasons = Reasons {
        all: ListenerSetAccepted::Accepted,
        some: ListenerSetAccepted::ListenersPartlyNotValid,
        none: ListenerSetAccepted::ListenersNotValid,
    };
    match facts.owner.refused() {
        Some(problem) => Verdict::new(problem.reason, problem.text()),
        None => summary(facts, bad, reasons),
    }
}

/// Unlike for a Gateway, a listener without a certificate that can be used is not valid
/// (conformance test ListenerSetReferenceGrant).
fn bad(listener: &ListenerOutcome) -> Option<&'static str> {
    let accepted = listeners::accepted(listener).reason;
    match listener.is_valid() {
        true => None,
        false if accepted == ListenerAccepted::Accepted => {
            Some(listeners::programmed(listener, None).reason.as_str())
        }
        false => Some(accepted.as_str()),
    }
}

fn programmed(
    facts: &ParentFacts,
    accepted: &Verdict<ListenerSetAccepted>,
) -> Verdict<ListenerSetProgrammed> {
    let not_accepted = |reason| Verdict::new(reason, "the ListenerSet is not accepted");
    match accepted.reason {
        ListenerSetAccepted::NotAllowed => not_accepted(ListenerSetProgrammed::NotAllowed),
        ListenerSetAccepted::Invalid => not_accepted(ListenerSetProgrammed::Invalid),
        ListenerSetAccepted::ListenersNotValid if is_without_ports(facts) => {
            not_accepted(ListenerSetProgrammed::PortUnavailable)
        }
        ListenerSetAccepted::ListenersNotValid => {
            not_accepted(ListenerSetProgrammed::ListenersNotValid)
        }
        ListenerSetAccepted::ParentNotAccepted => {
            not_accepted(ListenerSetProgrammed::ParentNotProgrammed)
        }
        ListenerSetAccepted::Accepted | ListenerSetAccepted::ListenersPartlyNotValid => open(facts),
    }
}

/// Can none of the ports of its listeners be had?
fn is_without_ports(facts: &ParentFacts) -> bool {
    let unavailable = |one: &ListenerOutcome| {
        listeners::accepted(one).reason == ListenerAccepted::PortUnavailable
    };
    facts.listeners.iter().all(unavailable)
}

/// Valid listeners that are not served wait for the Gateway to get an address.
fn open(facts: &ParentFacts) -> Verdict<ListenerSetProgrammed> {
    let served = served(facts);
    let message = format!("{served} of {} listeners are served", facts.listeners.len());
    let reason = match served {
        0 => ListenerSetProgrammed::ParentNotProgrammed,
        _ => ListenerSetProgrammed::Programmed,
    };
    Verdict::new(reason, message)
}
