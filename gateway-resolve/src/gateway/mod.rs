//! The passes over GatewayClasses and Gateways: which are served, where, and by which listeners.

pub(crate) mod addresses;
pub(crate) mod alone;
mod apart;
pub(crate) mod certificates;
mod claims;
pub(crate) mod classes;
pub(crate) mod client_certificate;
pub(crate) mod conflicts;
pub(crate) mod frontend;
pub(crate) mod key_pair;
pub(crate) mod listener_sets;
pub(crate) mod listeners;
mod overlaps;
pub(crate) mod owner;
pub(crate) mod serving;
pub(crate) mod tls;

use std::sync::Arc;

use gateway_model::{Gateway, ObjectRef};

use crate::ir::{Extension, Sourced};
use crate::problem::{Problem, Verdict};
use crate::reader::Reader;
use crate::reason::{GatewayAccepted, ListenerOverlappingTls, ListenerProgrammed};
use crate::{Config, Snapshot};

use addresses::Addresses;
use alone::alone;
use certificates::KeyPairs;
use classes::{Class, Classes};
use client_certificate::ClientCertificate;
use conflicts::{Conflict, conflicts};
use frontend::Frontend;
use listeners::ListenerFacts;
use owner::Owner;
use serving::Serving;

/// What is known of a parent of routes that is served, its listeners included.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParentFacts {
    /// The Gateway that serves it.
    pub(crate) gateway: Arc<ServedGateway>,
    /// Whose listeners they are.
    pub(crate) owner: Owner,
    /// In the order of `spec.listeners`.
    pub(crate) listeners: Vec<ListenerOutcome>,
    /// How many ListenerSets are attached to it.
    pub(crate) attached_sets: usize,
}

/// A listener, and what comes of it beside its neighbours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListenerOutcome {
    pub(crate) facts: Arc<ListenerFacts>,
    /// Why it is conflicted, if it is.
    pub(crate) conflict: Option<Conflict>,
    /// With which other its TLS overlaps.
    pub(crate) overlap: Option<Verdict<ListenerOverlappingTls>>,
    /// How it is served, or why it is not: the decision that the IR and the statuses share.
    pub(crate) serving: Result<Serving, Verdict<ListenerProgrammed>>,
    /// What policies of an embedder's own kinds set for it.
    pub(crate) extensions: Arc<[Sourced<Extension>]>,
    /// The options that are for it.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) policies: Arc<crate::k8s_gateway::ListenerPolicies>,
}

impl ListenerOutcome {
    /// Does nothing of its own, or of its neighbours, keep it from being served?
    pub(crate) fn is_valid(&self) -> bool {
        let facts = &self.facts;
        self.conflict.is_none() && facts.refused.is_empty() && facts.speaks.is_ok()
    }
}

/// A Gateway of a class that is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServedGateway {
    /// The Gateway.
    pub(crate) object: Arc<Gateway>,
    /// Its reference.
    pub(crate) reference: ObjectRef,
    /// Its class.
    pub(crate) class: Class,
    /// Where it is bound.
    pub(crate) addresses: Addresses,
    /// What keeps the whole Gateway from being accepted, its addresses and listeners aside.
    pub(crate) refused: Vec<Problem<GatewayAccepted>>,
    /// What its HTTPS listeners ask of clients.
    pub(crate) frontend: Frontend,
    /// What it shows to backends.
    pub(crate) client: Option<ClientCertificate>,
}

/// Looks at the Gateways that are served, ordered by namespace and name, and at all that have listeners there.
pub(crate) fn parents(
    snapshot: &Snapshot,
    reader: &Reader<'_>,
    classes: &Classes<'_>,
    config: &Config,
) -> Vec<Arc<ParentFacts>> {
    let known = KeyPairs::default();
    let gateways = snapshot.gateways().iter();
    let alone = gateways.filter_map(|object| alone(object, reader, classes, config, &known));
    let alone: Vec<_> = alone.collect();
    let conflicts = conflicts(alone.iter(), config.default_is_shared);
    let parents = alone.iter();
    parents
        .flat_map(|facts| facts.beside(conflicts.get(facts.reference())))
        .collect()
}

impl ServedGateway {
    /// Is the Gateway kept from being served as a whole?
    pub(crate) fn is_refused(&self) -> bool {
        !self.refused.is_empty() || !self.addresses.refused.is_empty()
    }
}
