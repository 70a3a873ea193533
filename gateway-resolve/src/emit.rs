//! Writes the IR.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gateway_model::Hostname;

use crate::facts::Facts;
use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::{Binding, Ir, Listener, ListenerId, Route, VirtualHost};
use crate::reader::Reader;
use crate::route::backends::backend;
use crate::route::rules::RouteRules;

/// The hosts behind a listener, and the routes that have each of them.
type Hosts<'a> = BTreeMap<&'a Option<Hostname>, Vec<&'a RouteRules>>;

/// Writes the IR: the listeners that are served, and what they refer to.
pub(crate) fn emit(facts: &Facts<'_>, reader: &Reader<'_>) -> Ir {
    let mut hosts = hosts(facts);
    let mut listeners = Vec::new();
    let mut certificates = Vec::new();
    for parent in &facts.parents {
        for outcome in &parent.listeners {
            let of_listener = hosts.remove(&*outcome.facts.id).unwrap_or_default();
            let of_listener = of_listener
                .into_iter()
                .map(|(hostname, rules)| Arc::new(virtual_host(hostname.clone(), rules)));
            if let Some(listener) = listener(parent, outcome, of_listener) {
                listeners.push(Arc::new(listener));
                certificates.extend(outcome.facts.certificates.iter().cloned());
            }
        }
    }
    // Most rules are met several times, so they are hashed before they are ordered.
    let ids: HashSet<_> = listeners
        .iter()
        .flat_map(|listener| listener.backends())
        .collect();
    let ids: BTreeSet<_> = ids.into_iter().collect();
    let backends: Vec<_> = ids
        .into_iter()
        .filter_map(|id| backend(id, reader))
        .collect();
    Ir::new(listeners, backends, certificates).expect("rules refer to Services that were found")
}

/// What is behind each listener.
fn hosts<'a>(facts: &'a Facts<'_>) -> BTreeMap<&'a ListenerId, Hosts<'a>> {
    let mut hosts: BTreeMap<&ListenerId, Hosts<'_>> = BTreeMap::new();
    for route in &facts.routes {
        for (listener, hostname) in route.hosts() {
            let of_listener = hosts.entry(listener).or_default();
            of_listener.entry(hostname).or_default().push(&route.rules);
        }
    }
    hosts
}

/// A listener with its hosts, ordered by name; `None` when it is not served.
pub(crate) fn listener(
    parent: &ParentFacts,
    outcome: &ListenerOutcome,
    hosts: impl Iterator<Item = Arc<VirtualHost>>,
) -> Option<Listener> {
    let serving = outcome.serving.as_ref().ok()?;
    let spec = outcome.facts.spec();
    let (any, named): (Vec<_>, Vec<_>) = hosts.partition(|host| host.hostname.is_none());
    Some(Listener {
        id: ListenerId::clone(&outcome.facts.id),
        source: parent.owner.source(),
        binding: Binding {
            addresses: serving.addresses.clone(),
            port: spec.port,
        },
        hostname: spec.hostname.clone(),
        stack: serving
            .speaks
            .serving(named.into_iter().chain(any).collect()),
        settings: Arc::default(),
    })
}

/// A host, with one entry for each match of each rule.
pub(crate) fn virtual_host<'a>(
    hostname: Option<Hostname>,
    routes: impl IntoIterator<Item = &'a RouteRules>,
) -> VirtualHost {
    let rules = routes.into_iter().flat_map(|rules| &rules.rules);
    let routes = rules.flat_map(|resolved| {
        resolved.matches.iter().map(|(match_index, matches)| Route {
            matches: matches.clone(),
            match_index: *match_index,
            rule: Arc::clone(&resolved.rule),
        })
    });
    VirtualHost::new(hostname, routes.collect())
}
