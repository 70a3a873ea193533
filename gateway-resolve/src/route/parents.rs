//! What routes can attach to.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use gateway_model::{
    DefaultScope, Hostname, NamespacesFrom, ObjectRef, Port, RouteGroupKind, SectionName,
};

use crate::Config;
use crate::gateway::owner::Owner;
use crate::gateway::{ListenerOutcome, ParentFacts};
use crate::ir::CertificateId;
use crate::reader::{Read, Reader};

use super::place::Place;

/// Something that can take routes: what is looked at when one asks to be attached, and nothing else, so
/// that no other change of a Gateway is a change for its routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachmentPoint {
    pub(crate) place: Place,
    /// Its name in the parent, if it has one.
    pub(crate) section: Option<SectionName>,
    pub(crate) port: Port,
    /// Whom it takes routes for.
    pub(crate) takes: Takes,
    /// The kinds of routes that it takes.
    pub(crate) kinds: Vec<RouteGroupKind>,
    /// The namespaces that it takes routes from.
    pub(crate) namespaces: NamespacesFrom,
}

/// Whom an attachment point takes routes for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Who asks for the hosts that it and the route have in common; `None` leaves the route its own.
    Hosts(Option<Hostname>),
    /// The clients in a mesh of one namespace, or of all; hostnames of routes say nothing (GEP-1294).
    Clients(Option<Box<str>>),
}

/// Something that routes attach to, as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) by: By,
    /// The controller that the statuses of its routes are written for.
    pub(crate) controller: Arc<str>,
    /// Is it a Gateway that routes may have without naming it (GEP-3793)?
    pub(crate) is_default: bool,
    /// In the order of `spec.listeners`, or of the ports of a Service.
    pub(crate) points: Vec<AttachmentPoint>,
}

/// Who serves a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// A Gateway.
    Gateway {
        gateway: ObjectRef,
        /// What it shows to backends.
        client: Option<CertificateId>,
    },
    /// A mesh.
    Mesh,
}

/// All that is served and has listeners, as routes see it.
#[derive(Debug, Default)]
pub(crate) struct Parents {
    known: HashMap<ObjectRef, Parent>,
    /// Those that routes may have without naming them.
    default: BTreeSet<ObjectRef>,
    /// The controller of the mesh, where Services are parents.
    mesh: Option<Arc<str>>,
}

impl By {
    /// The Gateway, with its controller.
    pub(crate) fn ancestor(&self, controller: &Arc<str>) -> Option<(ObjectRef, Arc<str>)> {
        match self {
            Self::Gateway { gateway, .. } => Some((gateway.clone(), Arc::clone(controller))),
            Self::Mesh => None,
        }
    }

    /// What backends are shown.
    pub(crate) fn client(&self) -> Option<&CertificateId> {
        match self {
            Self::Gateway { client, .. } => client.as_ref(),
            Self::Mesh => None,
        }
    }
}

impl Parents {
    pub(crate) fn new(parents: &[Arc<ParentFacts>], config: &Config) -> Self {
        let parents = parents.iter();
        let known: HashMap<_, _> = parents
            .map(|facts| (facts.owner.reference(), Parent::new(facts)))
            .collect();
        let default = known.iter().filter(|(_, parent)| parent.is_default);
        let mesh = config.mesh.as_ref();
        Self {
            default: default.map(|(object, _)| object.clone()).collect(),
            known,
            mesh: mesh.map(|mesh| mesh.controller_name.as_str().into()),
        }
    }

    /// The controller of the mesh, where Services are parents.
    pub(crate) fn mesh(&self) -> Option<&Arc<str>> {
        self.mesh.as_ref()
    }

    /// The default Gateways, by namespace and name.
    pub(crate) fn default(&self, reader: &Reader<'_>) -> &BTreeSet<ObjectRef> {
        reader.record(|| Read::DefaultParents);
        &self.default
    }

    /// Is this a default Gateway?
    pub(crate) fn is_default(&self, parent: &ObjectRef) -> bool {
        self.default.contains(parent)
    }

    /// A parent; `None` when it is not served.
    pub(crate) fn get(&self, parent: &ObjectRef, reader: &Reader<'_>) -> Option<&Parent> {
        reader.record(|| Read::Parent(parent.clone()));
        self.known.get(parent)
    }

    /// Puts a parent in the place of what it was; says whether routes see it differently.
    pub(crate) fn put(&mut self, parent: &ObjectRef, facts: Option<&ParentFacts>) -> bool {
        let new = facts.map(Parent::new);
        if self.known.get(parent) == new.as_ref() {
            return false;
        }
        match new.as_ref().is_some_and(|new| new.is_default) {
            true => _ = self.default.insert(parent.clone()),
            false => _ = self.default.remove(parent),
        }
        match new {
            Some(new) => _ = self.known.insert(parent.clone(), new),
            None => _ = self.known.remove(parent),
        }
        true
    }
}

impl Parent {
    /// The Gateway that serves it, with the controller of that.
    pub(crate) fn ancestor(&self) -> Option<(ObjectRef, Arc<str>)> {
        self.by.ancestor(&self.controller)
    }

    fn new(facts: &ParentFacts) -> Self {
        Self {
            by: By::Gateway {
                gateway: facts.gateway.reference.clone(),
                client: facts.gateway.client.clone().and_then(Result::ok),
            },
            controller: Arc::clone(&facts.gateway.class.controller),
            is_default: match &facts.owner {
                Owner::Gateway(gateway) => gateway.spec.default_scope == Some(DefaultScope::All),
                Owner::ListenerSet { .. } => false,
            },
            points: facts.listeners.iter().map(AttachmentPoint::new).collect(),
        }
    }
}

impl AttachmentPoint {
    fn new(ListenerOutcome { facts, .. }: &ListenerOutcome) -> Self {
        let spec = facts.spec();
        Self {
            place: Place::Listener(Arc::clone(&facts.id)),
            section: Some(facts.id.name.clone()),
            port: spec.port,
            takes: Takes::Hosts(spec.hostname.clone()),
            kinds: facts.kinds.clone(),
            namespaces: spec.allowed_routes.namespaces.clone(),
        }
    }
}

impl fmt::Display for AttachmentPoint {
    /// `http on port 80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.section {
            Some(section) => write!(f, "{section} on port {}", self.port),
            None => write!(f, "port {}", self.port),
        }
    }
}
