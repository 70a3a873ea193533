//! What clients in a mesh are given (GEP-1294).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gateway_model::{ObjectRef, Port, SectionName, Source};
use serde::{Deserialize, Serialize};

use super::{BackendId, Binding, Listener, ListenerId, Stack, Transport};

/// One port of a Service as clients in a mesh reach it, where routes say what they get.
///
/// Its routes stand in the place of what the Service does by itself: what they don't match is answered as by
/// a listener, and does not go to the endpoints of the Service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshPort {
    /// Which port this is.
    pub id: MeshPortId,
    /// The Service.
    pub source: Source,
    /// Where clients reach the Service, as far as it is known; its endpoints are reached without routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// What clients of all namespaces get: what the routes of the Service's own namespace come to (producer
    /// routes). `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Stack>,
    /// What the clients of a namespace get in its place: what the routes of theirs come to (consumer routes).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consumers: BTreeMap<Box<str>, Stack>,
}

impl MeshPort {
    /// What clients of a namespace get. `None`: no route is for them, and they get one of the Service's own
    /// endpoints, as without a mesh.
    pub fn for_clients_in(&self, namespace: &str) -> Option<&Stack> {
        self.consumers.get(namespace).or(self.producer.as_ref())
    }

    /// What clients get, of whatever namespace.
    pub fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.producer.iter().chain(self.consumers.values())
    }

    /// The backends behind it, once for every time that they are named.
    pub fn backends(&self) -> impl Iterator<Item = &BackendId> {
        self.stacks().flat_map(Stack::backends)
    }

    /// The listener that a proxy of clients of a namespace has for it.
    pub(super) fn listener(&self, namespace: &str) -> Option<Listener> {
        Some(Listener {
            id: self.id.as_listener(),
            source: self.source.clone(),
            binding: Binding {
                addresses: self.addresses.clone(),
                port: self.id.port,
            },
            hostname: None,
            stack: self.for_clients_in(namespace)?.clone(),
            settings: Arc::default(),
        })
    }
}

/// The identity of a port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeshPortId {
    /// The Service.
    pub service: ObjectRef,
    /// The port, as clients see it.
    pub port: Port,
    /// What it is a port of.
    #[serde(default, skip_serializing_if = "Transport::is_tcp")]
    pub transport: Transport,
}

impl MeshPortId {
    /// The id of the [listener](super::Ir::seen_from) that stands for it: `80`, or `53-udp`.
    fn as_listener(&self) -> ListenerId {
        let name = match self.transport {
            Transport::Tcp => self.port.to_string(),
            Transport::Udp => format!("{}-udp", self.port),
        };
        ListenerId {
            parent: self.service.clone(),
            name: SectionName::new(&name).expect("digits and letters are a name"),
        }
    }
}

impl fmt::Display for MeshPortId {
    /// `Service shop/carts:80`, or `Service shop/dns:53/udp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            service,
            port,
            transport,
        } = self;
        write!(f, "{service}:{port}")?;
        match transport {
            Transport::Tcp => Ok(()),
            Transport::Udp => f.write_str("/udp"),
        }
    }
}
