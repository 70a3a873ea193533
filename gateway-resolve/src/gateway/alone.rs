//! Gateways, each looked at without the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Gateway, Kind, ObjectRef, Unread};

use crate::Config;
use crate::ir::{Extension, Sourced};
use crate::kinds::of_listener;
use crate::problem::{Problem, Verdict};
use crate::reader::Reader;
use crate::reason::{GatewayAccepted, ListenerOverlappingTls};

use super::addresses::addresses;
use super::certificates::{KeyPairs, certificates};
use super::claims::claims;
use super::classes::{Class, Classes};
use super::client_certificate::client_certificate;
use super::conflicts::Conflict;
use super::frontend::frontend;
use super::listeners::{ListenerFacts, listeners};
use super::overlaps::overlap;
use super::owner::{Merged, Owner};
#[cfg(feature = "k8s-gateway")]
use super::serving::Speaks;
use super::serving::serving;
use super::{ListenerOutcome, ParentFacts, ServedGateway};

/// What is known of a Gateway that is served, and of its listeners, without other Gateways.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GatewayFacts {
    pub(crate) merged: Merged,
    /// In the order of their owners and of `spec.listeners`.
    pub(crate) listeners: Vec<ListenerAlone>,
}

/// A listener beside those of its Gateway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListenerAlone {
    pub(crate) facts: Arc<ListenerFacts>,
    /// With which other its TLS overlaps.
    overlap: Option<Verdict<ListenerOverlappingTls>>,
    /// What policies of an embedder's own kinds set for it.
    extensions: Arc<[Sourced<Extension>]>,
    /// The options that are for it.
    #[cfg(feature = "k8s-gateway")]
    policies: Arc<crate::k8s_gateway::ListenerPolicies>,
}

/// Looks at a Gateway; `None` when it is not served.
pub(crate) fn alone(
    object: &Arc<Gateway>,
    reader: &Reader<'_>,
    classes: &Classes<'_>,
    config: &Config,
    pairs: &KeyPairs,
) -> Option<GatewayFacts> {
    let class = classes.get(reader, &object.spec.gateway_class_name)?;
    let gateway = ServedGateway {
        reference: object.reference(),
        addresses: addresses(object, config, reader),
        refused: refused(object, &class),
        frontend: frontend(object, reader),
        client: client_certificate(object, reader),
        object: Arc::clone(object),
        class,
    };
    let merged = Merged::new(gateway, reader);
    let certificates = certificates(&merged, pairs, reader);
    let listeners = listeners(&merged, &certificates, reader);
    let listeners = claims(listeners, &config.listener_claims);
    let overlaps: Vec<_> = listeners
        .iter()
        .map(|one| overlap(one, &listeners))
        .collect();
    let found = listeners.into_iter().zip(overlaps);
    let listeners = found.map(|(facts, overlap)| ListenerAlone {
        extensions: of_listener(
            &facts.id.parent,
            facts.id.name.as_str(),
            &merged.gateway.reference,
            reader,
        )
        .into(),
        #[cfg(feature = "k8s-gateway")]
        policies: Arc::new(crate::k8s_gateway::listener_policies(
            &facts.id,
            &merged.gateway.reference,
            matches!(facts.speaks, Ok(Speaks::Http | Speaks::Https(_))),
            reader,
        )),
        facts: Arc::new(facts),
        overlap,
    });
    Some(GatewayFacts {
        listeners: listeners.collect(),
        merged,
    })
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

impl GatewayFacts {
    pub(crate) fn reference(&self) -> &ObjectRef {
        &self.merged.gateway.reference
    }

    /// All that have listeners here, beside other Gateways: with the listeners that are conflicted, by position.
    pub(crate) fn beside(
        &self,
        conflicts: Option<&BTreeMap<usize, Conflict>>,
    ) -> impl Iterator<Item = Arc<ParentFacts>> {
        let gateway = &self.merged.gateway;
        let outcome = |(position, alone): (usize, &ListenerAlone)| {
            let conflict = conflicts.and_then(|all| all.get(&position)).cloned();
            ListenerOutcome {
                serving: serving(gateway, &alone.facts, conflict.as_ref()),
                conflict,
                overlap: alone.overlap.clone(),
                extensions: Arc::clone(&alone.extensions),
                #[cfg(feature = "k8s-gateway")]
                policies: Arc::clone(&alone.policies),
                facts: Arc::clone(&alone.facts),
            }
        };
        let mut outcomes = self.listeners.iter().enumerate().map(outcome);
        let owners = self.merged.owners.iter();
        let owners = owners.map(|owner| {
            let own = outcomes.by_ref().take(owner.listeners().len());
            (owner, own.collect::<Vec<_>>())
        });
        let owners: Vec<_> = owners.collect();
        let attached = owners.iter().filter(|one| is_attached(one)).count();
        owners.into_iter().map(move |(owner, listeners)| {
            Arc::new(ParentFacts {
                gateway: Arc::clone(gateway),
                attached_sets: match owner {
                    Owner::Gateway(_) => attached,
                    Owner::ListenerSet { .. } => 0,
                },
                owner: owner.clone(),
                listeners,
            })
        })
    }
}

/// Is it a ListenerSet with a listener that counts?
fn is_attached((owner, listeners): &(&Owner, Vec<ListenerOutcome>)) -> bool {
    match owner {
        Owner::Gateway(_) => false,
        Owner::ListenerSet { refused, .. } => {
            refused.is_none() && listeners.iter().any(ListenerOutcome::is_valid)
        }
    }
}
