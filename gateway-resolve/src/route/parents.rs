//! What routes can attach to.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::{Hostname, NamespacesFrom, ObjectRef, Port, RouteGroupKind};

use crate::gateway::{GatewayFacts, ListenerOutcome};
use crate::ir::ListenerId;
use crate::reader::{Read, Reader};

/// Something that can take routes: what is looked at when one asks to be attached, and nothing else, so
/// that no other change of a Gateway is a change for its routes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AttachmentPoint {
    /// Its owner, and its name there.
    pub(crate) id: Arc<ListenerId>,
    pub(crate) port: Port,
    /// The hosts that it takes; `None` takes any.
    pub(crate) hostname: Option<Hostname>,
    /// The kinds of routes that it takes.
    pub(crate) kinds: Vec<RouteGroupKind>,
    /// The namespaces that it takes routes from.
    pub(crate) namespaces: NamespacesFrom,
}

/// A Gateway as routes see it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    /// The controller that the statuses of its routes are written for.
    pub(crate) controller: Arc<str>,
    /// In the order of `spec.listeners`.
    pub(crate) points: Vec<AttachmentPoint>,
}

/// The Gateways that are served, as routes see them.
#[derive(Debug, Default)]
pub(crate) struct Parents(HashMap<ObjectRef, Parent>);

impl Parents {
    pub(crate) fn new(gateways: &[Arc<GatewayFacts>]) -> Self {
        let parents = gateways
            .iter()
            .map(|facts| (facts.gateway.reference.clone(), Parent::new(facts)));
        Self(parents.collect())
    }

    /// A Gateway; `None` when it is not served.
    pub(crate) fn get(&self, gateway: &ObjectRef, reader: &Reader<'_>) -> Option<&Parent> {
        reader.record(|| Read::Parent(gateway.clone()));
        self.0.get(gateway)
    }

    /// The Gateways that routes see differently here and there.
    pub(crate) fn differing<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = &'a ObjectRef> + 'a {
        let changed = |(gateway, parent): &(&ObjectRef, &Parent)| {
            other.0.get(*gateway).is_none_or(|other| other != *parent)
        };
        let gone = other
            .0
            .keys()
            .filter(|gateway| !self.0.contains_key(*gateway));
        let differing = self.0.iter().filter(changed).map(|(gateway, _)| gateway);
        differing.chain(gone)
    }
}

impl Parent {
    fn new(GatewayFacts { gateway, listeners }: &GatewayFacts) -> Self {
        Self {
            controller: Arc::clone(&gateway.class.controller),
            points: listeners.iter().map(AttachmentPoint::new).collect(),
        }
    }
}

impl AttachmentPoint {
    fn new(ListenerOutcome { facts, .. }: &ListenerOutcome) -> Self {
        let spec = facts.spec();
        Self {
            id: Arc::clone(&facts.id),
            port: spec.port,
            hostname: spec.hostname.clone(),
            kinds: facts.kinds.clone(),
            namespaces: spec.allowed_routes.namespaces.clone(),
        }
    }
}
