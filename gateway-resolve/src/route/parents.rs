//! What routes can attach to.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::{Hostname, NamespacesFrom, ObjectRef, Port, RouteGroupKind};

use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::{CertificateId, ListenerId};
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

/// Something that has listeners, as routes see it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    /// The Gateway that serves it.
    pub(crate) gateway: ObjectRef,
    /// What that Gateway shows to backends.
    pub(crate) client: Option<CertificateId>,
    /// The controller that the statuses of its routes are written for.
    pub(crate) controller: Arc<str>,
    /// In the order of `spec.listeners`.
    pub(crate) points: Vec<AttachmentPoint>,
}

/// All that is served and has listeners, as routes see it.
#[derive(Debug, Default)]
pub(crate) struct Parents(HashMap<ObjectRef, Parent>);

impl Parents {
    pub(crate) fn new(parents: &[Arc<ParentFacts>]) -> Self {
        let parents = parents.iter();
        let parents = parents.map(|facts| (facts.owner.reference(), Parent::new(facts)));
        Self(parents.collect())
    }

    /// A parent; `None` when it is not served.
    pub(crate) fn get(&self, parent: &ObjectRef, reader: &Reader<'_>) -> Option<&Parent> {
        reader.record(|| Read::Parent(parent.clone()));
        self.0.get(parent)
    }

    /// Puts a parent in the place of what it was; says whether routes see it differently.
    pub(crate) fn put(&mut self, parent: &ObjectRef, facts: Option<&ParentFacts>) -> bool {
        let new = facts.map(Parent::new);
        if self.0.get(parent) == new.as_ref() {
            return false;
        }
        match new {
            Some(new) => _ = self.0.insert(parent.clone(), new),
            None => _ = self.0.remove(parent),
        }
        true
    }
}

impl Parent {
    fn new(facts: &ParentFacts) -> Self {
        Self {
            gateway: facts.gateway.reference.clone(),
            client: facts.gateway.client.clone().and_then(Result::ok),
            controller: Arc::clone(&facts.gateway.class.controller),
            points: facts.listeners.iter().map(AttachmentPoint::new).collect(),
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
