//! Writes the IR.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gateway_model::{Hostname, Kind};

use crate::Snapshot;
use crate::facts::Facts;
use crate::gateway::ListenerKey;
use crate::gateway::listeners::ListenerFacts;
use crate::gateway::serving::{Serving, serving};
use crate::ir::{Binding, Ir, Listener, Route, VirtualHost};
use crate::route::backends::backends;
use crate::route::rules::RouteRules;

/// The hosts behind a listener, and the routes that have each of them.
type Hosts<'a> = BTreeMap<Option<Hostname>, Vec<&'a RouteRules>>;

/// Writes the IR: the listeners that are served, and what they refer to.
pub(crate) fn emit(snapshot: &Snapshot, facts: &Facts<'_>) -> Ir {
    let mut hosts = hosts(facts);
    let mut listeners = Vec::new();
    let mut certificates = Vec::new();
    for (gateway, of_gateway) in facts.listeners.iter().enumerate() {
        for (listener, listener_facts) in of_gateway.iter().enumerate() {
            let key = ListenerKey { gateway, listener };
            let conflict = facts.conflicts.get(&key);
            let serving = serving(&facts.gateways[gateway], listener_facts, conflict);
            if let Ok(serving) = serving {
                let hosts = hosts.remove(&key).unwrap_or_default();
                let generation = facts.gateways[gateway].object.source();
                listeners.push(Arc::new(emit_listener(
                    listener_facts,
                    serving,
                    hosts,
                    generation,
                )));
                certificates.extend(listener_facts.certificates.iter().cloned());
            }
        }
    }
    // Most rules are met several times, so they are hashed before they are ordered.
    let ids: HashSet<_> = listeners
        .iter()
        .flat_map(|listener| listener.backends())
        .collect();
    let ids: BTreeSet<_> = ids.into_iter().collect();
    let backends = backends(snapshot, &ids);
    Ir::new(listeners, backends, certificates).expect("rules refer to Services that were found")
}

/// What is behind each listener.
fn hosts<'a>(facts: &'a Facts<'_>) -> BTreeMap<ListenerKey, Hosts<'a>> {
    let mut hosts: BTreeMap<ListenerKey, Hosts<'a>> = BTreeMap::new();
    for (attachment, rules) in &facts.http_routes {
        // A route may be on a listener by several parentRefs; it is behind it once.
        let mut seen = BTreeSet::new();
        for parent in &attachment.parents {
            for on in parent.outcome.iter().flatten() {
                let key = ListenerKey {
                    gateway: parent.gateway,
                    listener: on.listener,
                };
                for hostname in &on.hostnames {
                    if seen.insert((key, hostname)) {
                        let of_listener = hosts.entry(key).or_default();
                        of_listener.entry(hostname.clone()).or_default().push(rules);
                    }
                }
            }
        }
    }
    hosts
}

fn emit_listener(
    facts: &ListenerFacts<'_>,
    serving: Serving<'_>,
    mut hosts: Hosts<'_>,
    source: gateway_model::Source,
) -> Listener {
    let any = hosts.remove(&None).map(|routes| (None, routes));
    let hosts = hosts
        .into_iter()
        .chain(any)
        .map(|(hostname, rules)| VirtualHost::new(hostname, routes(&rules)));
    Listener {
        id: facts.id.clone(),
        source,
        binding: Binding {
            addresses: serving.addresses.to_vec(),
            port: facts.spec.port,
        },
        hostname: facts.spec.hostname.clone(),
        stack: serving.speaks.serving(hosts.collect()),
    }
}

/// One entry for each match of each rule.
fn routes(of_host: &[&RouteRules]) -> Vec<Route> {
    let rules = of_host.iter().flat_map(|rules| &rules.rules);
    rules
        .flat_map(|resolved| {
            resolved.matches.iter().map(|(match_index, matches)| Route {
                matches: matches.clone(),
                match_index: *match_index,
                rule: Arc::clone(&resolved.rule),
            })
        })
        .collect()
}
