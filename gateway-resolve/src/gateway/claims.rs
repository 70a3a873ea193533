//! What listeners may claim where Gateways of several owners share addresses.

use std::collections::BTreeSet;

use crate::config::{AllowedHostname, ListenerClaims};
use crate::problem::Problem;
use crate::reason::ListenerAccepted;

use super::listeners::ListenerFacts;

/// The listeners of a Gateway, of which those that claim what they may not are refused.
pub(crate) fn claims(
    mut listeners: Vec<ListenerFacts>,
    allowed: &ListenerClaims,
) -> Vec<ListenerFacts> {
    let mut ports = BTreeSet::new();
    let mut number = 0;
    for listener in listeners.iter_mut().filter(|one| one.is_attached()) {
        let namespace = &listener.id.parent.namespace;
        let problem = hostname(allowed, namespace, listener)
            .or_else(|| port(allowed, namespace, listener))
            .or_else(|| too_many(allowed, &mut number, listener))
            .or_else(|| one_too_many(allowed, &mut ports, listener));
        listener.refused.extend(problem);
    }
    listeners
}

fn hostname(
    allowed: &ListenerClaims,
    namespace: &str,
    listener: &ListenerFacts,
) -> Option<Problem<ListenerAccepted>> {
    let mut all = allowed.hostnames.as_ref()?.of(namespace);
    let hostname = listener.spec().hostname.as_ref();
    let covers = |allowed: &AllowedHostname| match (allowed, hostname) {
        (AllowedHostname::Any, _) => true,
        (AllowedHostname::Within(outer), Some(hostname)) => outer.contains(hostname),
        (AllowedHostname::Within(_), None) => false,
    };
    if all.any(covers) {
        return None;
    }
    let what = hostname.map_or("every hostname", |hostname| hostname.as_str());
    let message = format!("namespace {namespace} may not serve {what} here");
    let field = format!("{}.hostname", listener.field);
    Some(Problem::new(
        ListenerAccepted::UnsupportedValue,
        field,
        message,
    ))
}

fn port(
    allowed: &ListenerClaims,
    namespace: &str,
    listener: &ListenerFacts,
) -> Option<Problem<ListenerAccepted>> {
    let mut all = allowed.ports.as_ref()?.of(namespace);
    let port = listener.spec().port.get();
    if all.any(|range| range.contains(&port)) {
        return None;
    }
    let message = format!("namespace {namespace} may not listen on port {port} here");
    Some(unavailable(listener, message))
}

/// Only listeners that are accepted so far count.
fn too_many(
    allowed: &ListenerClaims,
    number: &mut usize,
    listener: &ListenerFacts,
) -> Option<Problem<ListenerAccepted>> {
    let limit = allowed.listeners_per_gateway?;
    *number += usize::from(listener.refused.is_empty());
    if *number <= limit || !listener.refused.is_empty() {
        return None;
    }
    let message =
        format!("a Gateway gets at most {limit} listeners, those of ListenerSets included");
    let reason = ListenerAccepted::TooManyListeners;
    Some(Problem::new(reason, listener.field.as_str(), message))
}

fn one_too_many(
    allowed: &ListenerClaims,
    ports: &mut BTreeSet<u16>,
    listener: &ListenerFacts,
) -> Option<Problem<ListenerAccepted>> {
    let limit = allowed.ports_per_gateway?;
    let port = listener.spec().port.get();
    if ports.len() < limit || ports.contains(&port) {
        ports.insert(port);
        return None;
    }
    let message = format!("port {port} is one too many: a Gateway gets at most {limit}");
    Some(unavailable(listener, message))
}

fn unavailable(listener: &ListenerFacts, message: String) -> Problem<ListenerAccepted> {
    let field = format!("{}.port", listener.field);
    Problem::new(ListenerAccepted::PortUnavailable, field, message)
}
