//! The passes over GatewayClasses and Gateways: which are served, where, and by which listeners.

pub(crate) mod addresses;
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

use gateway_model::{Gateway, Kind, ObjectRef, Unread};

use crate::Config;
use crate::problem::{Problem, Verdict};
use crate::reader::Reader;
use crate::reason::{GatewayAccepted, ListenerOverlappingTls, ListenerProgrammed};

use addresses::{Addresses, addresses};
use certificates::{KeyPairs, certificates};
use claims::claims;
use classes::{Class, Classes};
use client_certificate::{ClientCertificate, client_certificate};
use conflicts::{Conflict, conflicts};
use frontend::{Frontend, frontend};
use listener_sets::ListenerSets;
use listeners::{ListenerFacts, listeners};
use overlaps::overlaps;
use owner::{Merged, Owner};
#[cfg(feature = "k8s-gateway")]
use serving::Speaks;
use serving::{Serving, serving};

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
    pub(crate) facts: ListenerFacts,
    /// Why it is conflicted, if it is.
    pub(crate) conflict: Option<Conflict>,
    /// With which other its TLS overlaps.
    pub(crate) overlap: Option<Verdict<ListenerOverlappingTls>>,
    /// How it is served, or why it is not: the decision that the IR and the statuses share.
    pub(crate) serving: Result<Serving, Verdict<ListenerProgrammed>>,
    /// The options that are for it.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) policies: crate::k8s_gateway::ListenerPolicies,
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

/// One listener, by its Gateway's position among the served ones and its own among all that the Gateway serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ListenerKey {
    gateway: usize,
    listener: usize,
}

/// Looks at the Gateways that are served, ordered by namespace and name, and at all that have listeners there.
pub(crate) fn parents(
    reader: &Reader<'_>,
    classes: &Classes<'_>,
    config: &Config,
    pairs: &KeyPairs,
) -> Vec<Arc<ParentFacts>> {
    let gateways = served(reader, classes, config);
    let certificates = certificates(reader, &gateways, pairs);
    let listeners = listeners(&gateways, &certificates, reader);
    let listeners = claims(listeners, &config.listener_claims);
    let mut conflicts = conflicts(&gateways, &listeners, config.default_is_shared);
    let mut overlaps = overlaps(&listeners);
    let mut facts = Vec::with_capacity(gateways.len());
    for (at, (merged, listeners)) in gateways.into_iter().zip(listeners).enumerate() {
        let outcome = |(listener, facts): (usize, ListenerFacts)| {
            let key = ListenerKey {
                gateway: at,
                listener,
            };
            let conflict = conflicts.remove(&key);
            ListenerOutcome {
                #[cfg(feature = "k8s-gateway")]
                policies: crate::k8s_gateway::listener_policies(
                    &facts.id,
                    &merged.gateway.reference,
                    matches!(facts.speaks, Ok(Speaks::Http | Speaks::Https(_))),
                    reader,
                ),
                serving: serving(&merged.gateway, &facts, conflict.as_ref()),
                overlap: overlaps.remove(&key),
                conflict,
                facts,
            }
        };
        let outcomes = listeners.into_iter().enumerate().map(outcome).collect();
        facts.extend(split(merged, outcomes));
    }
    facts
}

/// Gives each owner its listeners.
fn split(
    Merged { gateway, owners }: Merged,
    outcomes: Vec<ListenerOutcome>,
) -> impl Iterator<Item = Arc<ParentFacts>> {
    let mut outcomes = outcomes.into_iter();
    let own = |owner: Owner| {
        let own = outcomes.by_ref().take(owner.listeners().len());
        let own: Vec<_> = own.collect();
        (owner, own)
    };
    let owners: Vec<_> = owners.into_iter().map(own).collect();
    let is_attached = |(owner, listeners): &&(Owner, Vec<ListenerOutcome>)| match owner {
        Owner::Gateway(_) => false,
        Owner::ListenerSet { refused, .. } => {
            refused.is_none() && listeners.iter().any(ListenerOutcome::is_valid)
        }
    };
    let attached = owners.iter().filter(is_attached).count();
    owners.into_iter().map(move |(owner, listeners)| {
        Arc::new(ParentFacts {
            gateway: Arc::clone(&gateway),
            attached_sets: match owner {
                Owner::Gateway(_) => attached,
                Owner::ListenerSet { .. } => 0,
            },
            owner,
            listeners,
        })
    })
}

fn served(reader: &Reader<'_>, classes: &Classes<'_>, config: &Config) -> Vec<Merged> {
    let sets = ListenerSets::new(reader);
    let served = reader.gateways().iter().filter_map(|object| {
        let class = classes.get(reader, &object.spec.gateway_class_name)?;
        Some(ServedGateway {
            reference: object.reference(),
            addresses: addresses(object, config),
            refused: refused(object, &class),
            frontend: frontend(object, reader),
            client: client_certificate(object, reader),
            object: Arc::clone(object),
            class,
        })
    });
    served
        .map(|gateway| Merged::new(gateway, &sets, reader))
        .collect()
}

fn refused(gateway: &Gateway, class: &Class) -> Vec<Problem<GatewayAccepted>> {
    let class_refused = class.refused.as_ref().map(|problem| {
        let message = format!(
            "GatewayClass {} is not accepted: {}",
            gateway.spec.gateway_class_name,
            problem.text()
        );
        let field = "spec.gatewayClassName";
        Problem::new(GatewayAccepted::InvalidParameters, field, message)
    });
    let infrastructure = gateway.spec.infrastructure.as_ref();
    let parameters = infrastructure.and_then(|i| i.parameters_ref.as_ref()).map(|parameters| {
        let message = format!(
            "expected no parameters, found a reference to {} {}; no kind of parameters is supported",
            parameters.kind, parameters.name
        );
        let field = "spec.infrastructure.parametersRef";
        Problem::new(GatewayAccepted::InvalidParameters, field, message)
    });
    let unread =
        gateway.spec.unread.iter().map(|Unread { field, message }| {
            Problem::new(GatewayAccepted::Invalid, field, message)
        });
    let refused = class_refused.into_iter().chain(parameters);
    refused.chain(unread).collect()
}

impl ServedGateway {
    /// Is the Gateway kept from being served as a whole?
    pub(crate) fn is_refused(&self) -> bool {
        !self.refused.is_empty() || !self.addresses.refused.is_empty()
    }
}
