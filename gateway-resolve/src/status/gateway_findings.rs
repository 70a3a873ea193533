//! What is wrong with Gateways and ListenerSets, one by one.

use std::slice;

use crate::gateway::conflicts::Conflict;
use crate::gateway::listeners::ListenerFacts;
use crate::gateway::owner::Owner;
use crate::gateway::{ParentFacts, ServedGateway};
use crate::problem::Problem;
use crate::reason::{ListenerAccepted, ListenerProgrammed};

use super::report::Report;

/// Records what is wrong with a Gateway or ListenerSet.
pub(crate) fn find(report: &mut Report, facts: &ParentFacts) {
    match &facts.owner {
        Owner::Gateway(_) => find_in_gateway(report, &facts.gateway),
        Owner::ListenerSet { refused, .. } => report.find(refused.as_slice()),
    }
    for listener in &facts.listeners {
        let facts = &listener.facts;
        report.find(&facts.refused);
        report.find(&facts.ignored);
        report.find(&facts.unresolved);
        report.find(conflicted(facts, listener.conflict.as_ref()).as_slice());
        report.find(without_tls(facts));
    }
}

fn find_in_gateway(report: &mut Report, gateway: &ServedGateway) {
    report.find(&gateway.refused);
    report.find(&gateway.addresses.refused);
    report.find(&gateway.addresses.unusable);
    let client = gateway
        .client
        .as_ref()
        .and_then(|client| client.as_ref().err());
    report.find(client.map_or(&[], slice::from_ref));
}

fn conflicted(
    listener: &ListenerFacts,
    conflict: Option<&Conflict>,
) -> Option<Problem<ListenerAccepted>> {
    let Conflict { clash, message } = conflict?;
    let field = listener.field.as_str();
    Some(Problem::new(clash.accepted(), field, message.as_str()))
}

/// Why a listener has no TLS to serve with, unless that follows from what is found elsewhere.
fn without_tls(listener: &ListenerFacts) -> &[Problem<ListenerProgrammed>] {
    match &listener.speaks {
        Err(problem) if problem.reason == ListenerProgrammed::InvalidTLSConfig => {
            slice::from_ref(problem)
        }
        Ok(_) | Err(_) => &[],
    }
}
