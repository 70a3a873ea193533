//! What is wrong with Gateways, one by one.

use std::slice;

use gateway_model::DefaultScope;

use crate::facts::Facts;
use crate::gateway::conflicts::Conflict;
use crate::gateway::listeners::ListenerFacts;
use crate::gateway::{ListenerKey, ServedGateway};
use crate::problem::Problem;
use crate::reason::{GatewayResolvedRefs, ListenerAccepted, ListenerProgrammed};

use super::Statuses;

/// Records what is wrong with the Gateway at position `index`.
pub(crate) fn find(statuses: &mut Statuses, facts: &Facts<'_>, index: usize) {
    let gateway = &facts.gateways[index];
    let object = &gateway.reference;
    statuses.find(object, &gateway.refused);
    statuses.find(object, &gateway.addresses.refused);
    statuses.find(object, &gateway.addresses.unusable);
    statuses.find(object, client_certificate(gateway).as_slice());
    statuses.find(object, default_scope(gateway).as_slice());
    for (listener, of_listener) in facts.listeners[index].iter().enumerate() {
        let key = ListenerKey {
            gateway: index,
            listener,
        };
        let conflict = facts.conflicts.get(&key);
        statuses.find(object, &of_listener.refused);
        statuses.find(object, &of_listener.unresolved);
        statuses.find(object, conflicted(of_listener, conflict).as_slice());
        statuses.find(object, without_tls(of_listener));
    }
}

fn client_certificate(gateway: &ServedGateway<'_>) -> Option<Problem<GatewayResolvedRefs>> {
    let verdict = gateway.client_certificate.as_ref()?;
    let field = "spec.tls.backend.clientCertificateRef";
    Some(Problem::new(
        verdict.reason,
        field,
        verdict.message.as_str(),
    ))
}

/// Default Gateways (GEP-3793) are not supported: a Gateway that wants to be one is found.
fn default_scope(gateway: &ServedGateway<'_>) -> Option<Problem<ListenerAccepted>> {
    let message = "default Gateways are not supported; routes have to list this one";
    let asks = gateway.object.spec.default_scope == Some(DefaultScope::All);
    let reason = ListenerAccepted::UnsupportedValue;
    asks.then(|| Problem::new(reason, "spec.defaultScope", message))
}

fn conflicted(
    listener: &ListenerFacts<'_>,
    conflict: Option<&Conflict>,
) -> Option<Problem<ListenerAccepted>> {
    let Conflict { clash, message } = conflict?;
    let field = listener.field.as_str();
    Some(Problem::new(clash.accepted(), field, message.as_str()))
}

/// Why a listener has no TLS to serve with, unless that follows from what is found elsewhere.
fn without_tls<'a>(listener: &'a ListenerFacts<'_>) -> &'a [Problem<ListenerProgrammed>] {
    match &listener.speaks {
        Err(problem) if problem.reason == ListenerProgrammed::InvalidTLSConfig => {
            slice::from_ref(problem)
        }
        Ok(_) | Err(_) => &[],
    }
}
