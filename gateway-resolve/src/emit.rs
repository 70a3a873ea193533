//! Writes the IR.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gateway_model::Hostname;

use crate::behind::Behind;
use crate::facts::Facts;
use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::{Binding, Ir, Listener, ListenerId, ListenerSettings};
use crate::reader::Reader;
use crate::route::RouteFacts;
use crate::route::backends::backend;

/// The names of a listener, and the routes that are behind each of them.
type Names<'a> = BTreeMap<&'a Option<Hostname>, Vec<&'a RouteFacts>>;

/// Writes the IR: the listeners that are served, and what they refer to.
pub(crate) fn emit(facts: &Facts<'_>, reader: &Reader<'_>) -> Ir {
    let mut names = names(facts);
    let mut listeners = Vec::new();
    let mut certificates = Vec::new();
    for parent in &facts.parents {
        for outcome in &parent.listeners {
            let of_listener = names.remove(&*outcome.facts.id).unwrap_or_default();
            let behind = of_listener.into_iter().map(|(hostname, routes)| {
                Behind::new(&outcome.facts.id, hostname.clone(), routes.into_iter())
            });
            if let Some(listener) = listener(parent, outcome, behind) {
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
fn names<'a>(facts: &'a Facts<'_>) -> BTreeMap<&'a ListenerId, Names<'a>> {
    let mut names: BTreeMap<&ListenerId, Names<'_>> = BTreeMap::new();
    for route in &facts.routes {
        for (listener, hostname) in route.hosts() {
            let of_listener = names.entry(listener).or_default();
            of_listener.entry(hostname).or_default().push(route);
        }
    }
    names
}

/// A listener with what is behind it, ordered by name; `None` when it is not served.
pub(crate) fn listener(
    parent: &ParentFacts,
    outcome: &ListenerOutcome,
    behind: impl Iterator<Item = Behind>,
) -> Option<Listener> {
    let serving = outcome.serving.as_ref().ok()?;
    let spec = outcome.facts.spec();
    let (any, mut names): (Vec<_>, Vec<_>) = behind.partition(|behind| behind.hostname().is_none());
    names.extend(any);
    #[cfg(feature = "k8s-gateway")]
    let names: Vec<_> = names
        .into_iter()
        .map(|behind| behind.with(&outcome.policies.hosts))
        .collect();
    Some(Listener {
        id: ListenerId::clone(&outcome.facts.id),
        source: parent.owner.source(),
        binding: Binding {
            addresses: serving.addresses.clone(),
            port: spec.port,
        },
        hostname: spec.hostname.clone(),
        stack: serving.speaks.serving(&names),
        settings: settings(outcome),
    })
}

/// What is tuned for a listener.
fn settings(outcome: &ListenerOutcome) -> Arc<ListenerSettings> {
    #[cfg(feature = "k8s-gateway")]
    let mut settings = Arc::clone(&outcome.policies.settings);
    #[cfg(not(feature = "k8s-gateway"))]
    let mut settings = Arc::default();
    if !outcome.extensions.is_empty() {
        let own: &mut ListenerSettings = Arc::make_mut(&mut settings);
        own.extensions = outcome.extensions.to_vec();
    }
    settings
}
