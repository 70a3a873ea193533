//! Writes the IR.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::behind::Behind;
use crate::facts::Facts;
use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::{Binding, Ir, Listener, ListenerId, ListenerSettings, MeshPort};
use crate::reader::Reader;
use crate::route::RouteFacts;
use crate::route::backends::backend;
use crate::route::mesh;
use crate::route::place::{Name, Place};

/// The names at a place, and the routes that are behind each of them.
type Names<'a> = BTreeMap<&'a Name, Vec<&'a RouteFacts>>;

/// Writes the IR: the listeners that are served, what clients in a mesh are given, and what both refer to.
pub(crate) fn emit(facts: &Facts<'_>, reader: &Reader<'_>) -> Ir {
    let mut names = names(facts);
    let mut listeners = Vec::new();
    let mut certificates = Vec::new();
    for parent in &facts.parents {
        for outcome in &parent.listeners {
            let place = Place::Listener(Arc::clone(&outcome.facts.id));
            let behind = behind(&place, names.remove(&place).unwrap_or_default());
            let behind = behind.map(|(_, behind)| behind);
            if let Some(listener) = listener(parent, outcome, behind) {
                listeners.push(Arc::new(listener));
                certificates.extend(outcome.facts.certificates.iter().cloned());
            }
        }
    }
    let ports = mesh_ports(names, reader);
    // Most rules are met several times, so they are hashed before they are ordered.
    let ids: HashSet<_> = listeners
        .iter()
        .flat_map(|listener| listener.backends())
        .chain(ports.iter().flat_map(|port| port.backends()))
        .collect();
    let ids: BTreeSet<_> = ids.into_iter().collect();
    let backends: Vec<_> = ids
        .into_iter()
        .filter_map(|id| backend(id, reader))
        .collect();
    Ir::new(listeners, backends, certificates)
        .and_then(|ir| ir.with_mesh(ports))
        .expect("rules refer to Services that were found")
}

/// Which routes there are at each place.
fn names<'a>(facts: &'a Facts<'_>) -> BTreeMap<&'a Place, Names<'a>> {
    let mut names: BTreeMap<&Place, Names<'_>> = BTreeMap::new();
    for route in &facts.routes {
        let hosts = route.hosts().into_iter();
        for (place, name) in hosts.filter(|(place, _)| !route.is_kept_off(place)) {
            let at_place = names.entry(place).or_default();
            at_place.entry(name).or_default().push(route);
        }
    }
    names
}

/// What is behind the names at a place.
fn behind<'a>(place: &Place, names: Names<'a>) -> impl Iterator<Item = (Name, Behind)> {
    names.into_iter().map(|(name, routes)| {
        let behind = Behind::new(place, name, routes.into_iter());
        (name.clone(), behind)
    })
}

/// The ports of Services that routes are on.
fn mesh_ports(names: BTreeMap<&Place, Names<'_>>, reader: &Reader<'_>) -> Vec<Arc<MeshPort>> {
    let ports = names.into_iter().filter_map(|(place, names)| match place {
        Place::Service(id) => mesh::port(id, behind(place, names), reader),
        Place::Listener(_) => None,
    });
    ports.map(Arc::new).collect()
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
