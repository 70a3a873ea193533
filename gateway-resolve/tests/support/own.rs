//! Kinds of an embedder's own: queues that rules forward to, and policies that say how urgent something is.

use std::net::SocketAddr;

use gateway_model::{CustomObject, Kind, ObjectRef, Port, Resource, Service, Unread};
use gateway_resolve::ir::{AppProtocol, Backend, BackendId, Endpoint, Extension};
use gateway_resolve::{BackendKind, Config, Kinds, Lookup, PolicyKind, PolicyOutcome, Unresolved};
use serde::Deserialize;

pub(crate) const GROUP: &str = "shop.example";

/// Brokers that are listed, or those of a Service.
#[derive(Debug)]
struct Queues;

#[derive(Debug, Deserialize)]
struct Queue {
    #[serde(default)]
    brokers: Vec<SocketAddr>,
    service: Option<String>,
    #[serde(default)]
    opaque: bool,
}

impl BackendKind for Queues {
    fn group(&self) -> &str {
        GROUP
    }

    fn kind(&self) -> &str {
        "Queue"
    }

    fn backend(
        &self,
        id: &BackendId,
        object: &CustomObject,
        known: &Lookup<'_>,
    ) -> Result<Backend, Unresolved> {
        let not_found =
            |Unread { field, message }| Unresolved::not_found(format!("{field}: {message}"));
        let queue: Queue = object.spec().map_err(not_found)?;
        let mut backend = Backend::new(id.clone(), object.source());
        backend.endpoints = queue.brokers.into_iter().map(Endpoint::at).collect();
        if queue.opaque {
            backend.protocol = AppProtocol::Opaque;
        }
        if let Some(name) = queue.service {
            let namespace = object.metadata.namespace.as_str();
            let service = ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
            let port = Port::new(80).unwrap();
            let found = known
                .backend(&BackendId::new(service.clone(), port))
                .ok_or_else(|| {
                    Unresolved::not_found(format!("{service} does not exist")).missing(service)
                })?;
            backend.endpoints.extend(found.endpoints.iter().cloned());
        }
        Ok(backend)
    }
}

/// How urgent something is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Urgency {
    pub(crate) tier: u8,
    pub(crate) label: Option<String>,
}

#[derive(Debug)]
struct Urgencies;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrgencySpec {
    tier: u8,
    /// A ConfigMap that names the tier.
    label_from: Option<String>,
}

impl PolicyKind for Urgencies {
    fn group(&self) -> &str {
        GROUP
    }

    fn kind(&self) -> &str {
        "Urgency"
    }

    fn is_for(&self, target: &ObjectRef) -> bool {
        target.kind != "GRPCRoute"
    }

    fn has_references(&self) -> bool {
        true
    }

    fn read(&self, policy: &CustomObject, known: &Lookup<'_>) -> PolicyOutcome {
        let UrgencySpec { tier, label_from } = match policy.spec() {
            Ok(spec) => spec,
            Err(Unread { field, message }) => {
                return PolicyOutcome::nothing().invalid(field, message);
            }
        };
        let Some(name) = label_from else {
            return PolicyOutcome::new(Extension::new(Urgency { tier, label: None }));
        };
        let map = ObjectRef::new("", "ConfigMap", policy.metadata.namespace.as_str(), name);
        match known.get(&map) {
            Some(Resource::ConfigMap(found)) => {
                let label = found.data.get("label").cloned();
                PolicyOutcome::new(Extension::new(Urgency { tier, label }))
            }
            _ => {
                let message = format!("{map} does not exist");
                PolicyOutcome::nothing().unresolved("spec.labelFrom", message, Some(map))
            }
        }
    }
}

/// The default configuration with both kinds.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.kinds = Kinds::new().backend(Queues).policy(Urgencies);
    config
}

/// The resources of a manifest, of own kinds and of others.
pub(crate) fn resources(text: &str) -> Vec<Resource> {
    let read = gateway_model::parse("own.yaml", text.as_bytes());
    assert!(!read.has_errors(), "{:?}", read.problems);
    let own = read.unknown.into_iter().map(|object| {
        let object = CustomObject::try_from(object).unwrap();
        Resource::Custom(object.into())
    });
    let known = read.resources.into_iter().map(|loaded| loaded.resource);
    known.chain(own).collect()
}
