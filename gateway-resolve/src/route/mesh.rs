//! Routes whose parent is a Service: what clients in a mesh are given (GEP-1294).

use std::net::IpAddr;
use std::sync::Arc;

use gateway_model::{
    FromNamespaces, GrpcRoute, HttpRoute, Kind, NamespacesFrom, ObjectRef, ParentReference,
    RouteGroupKind, SectionName, Service, ServicePort, ServiceType, TcpRoute, TlsRoute,
    TransportProtocol, UdpRoute,
};

use crate::behind::Behind;
use crate::gateway::listeners::route_kind;
use crate::ir::{MeshPort, MeshPortId, Stack, Transport};
use crate::reader::Reader;
use crate::reason::RouteAccepted;

use super::parents::{AttachmentPoint, By, Parent, Takes};
use super::place::{Name, Place};

/// A Service as routes of `namespace` see it: a route of its own namespace is for clients of all (a producer
/// route), one of another for those of its own (a consumer route).
pub(super) fn parent(
    service: &Service,
    object: &ObjectRef,
    namespace: &str,
    controller: &Arc<str>,
) -> Parent {
    let is_producer = *namespace == *object.namespace;
    let clients: Option<Box<str>> = (!is_producer).then(|| namespace.into());
    let ports = service.spec.ports.iter();
    let ports = ports.filter(|_| has_frontend(service));
    Parent {
        by: By::Mesh,
        controller: Arc::clone(controller),
        is_default: false,
        points: ports
            .filter_map(|port| point(port, object, &clients))
            .collect(),
    }
}

/// Is there something that tells the traffic of a Service from that of others? A headless one is its endpoints,
/// an ExternalName another name.
fn has_frontend(service: &Service) -> bool {
    let is_headless = service.spec.cluster_ip.as_deref() == Some("None");
    !is_headless && service.spec.type_ != ServiceType::ExternalName
}

fn point(
    port: &ServicePort,
    service: &ObjectRef,
    clients: &Option<Box<str>>,
) -> Option<AttachmentPoint> {
    let (transport, kinds) = match port.protocol {
        TransportProtocol::Tcp => (Transport::Tcp, over_tcp()),
        TransportProtocol::Udp => (Transport::Udp, vec![route_kind::<UdpRoute>()]),
        _ => return None,
    };
    let id = MeshPortId {
        service: service.clone(),
        port: port.port,
        transport,
    };
    Some(AttachmentPoint {
        place: Place::Service(Arc::new(id)),
        section: SectionName::new(&port.name).ok(),
        port: port.port,
        takes: Takes::Clients(clients.clone()),
        kinds,
        namespaces: NamespacesFrom {
            from: FromNamespaces::All,
            selector: None,
        },
    })
}

fn over_tcp() -> Vec<RouteGroupKind> {
    vec![
        route_kind::<GrpcRoute>(),
        route_kind::<HttpRoute>(),
        route_kind::<TlsRoute>(),
        route_kind::<TcpRoute>(),
    ]
}

/// Why a Service doesn't take a route.
pub(super) fn explain(
    kind: &str,
    parent_ref: &ParentReference,
    points: &[AttachmentPoint],
) -> (RouteAccepted, String) {
    let name = &parent_ref.name;
    if points.is_empty() {
        let message = format!(
            "expected a Service with an address of its own and a port of TCP or UDP, found {name}, which is \
             headless, an ExternalName or without such a port"
        );
        return (RouteAccepted::NoMatchingParent, message);
    }
    let known: Vec<_> = points.iter().map(AttachmentPoint::to_string).collect();
    let message = format!(
        "expected a port of Service {name} ({}) that takes routes of kind {kind}, found none that the \
         parentRef names",
        known.join(", ")
    );
    (RouteAccepted::NoMatchingParent, message)
}

/// A port of a Service with what is behind it; `None` when nothing is.
pub(crate) fn port(
    id: &MeshPortId,
    behind: impl Iterator<Item = (Name, Behind)>,
    reader: &Reader<'_>,
) -> Option<MeshPort> {
    let service = reader.service(&id.service)?;
    let address = service.spec.cluster_ip.as_deref();
    let address = address.and_then(|address| address.parse::<IpAddr>().ok());
    let mut port = MeshPort {
        id: id.clone(),
        source: service.source(),
        addresses: address.into_iter().collect(),
        producer: None,
        consumers: Default::default(),
    };
    for (name, behind) in behind {
        let stack = stack(behind, id.transport);
        match name {
            Name::Clients(Some(namespace)) => _ = port.consumers.insert(namespace, stack),
            Name::Clients(None) | Name::Host(_) => port.producer = Some(stack),
        }
    }
    let has_routes = port.stacks().next().is_some();
    has_routes.then_some(port)
}

/// What is spoken on a port, by the kind of the routes that are on it.
fn stack(behind: Behind, transport: Transport) -> Stack {
    let stream = match behind {
        Behind::Host(host) => return Stack::Http { hosts: vec![host] },
        Behind::Stream(stream) => stream,
    };
    let rule = &stream.rules.in_clear;
    match transport {
        Transport::Udp => Stack::Udp {
            rule: Some(Arc::clone(rule)),
        },
        Transport::Tcp if *rule.source.id.route.kind == *TlsRoute::KIND => Stack::TlsPassthrough {
            names: vec![stream.passed_on()],
        },
        Transport::Tcp => Stack::Tcp {
            rule: Some(Arc::clone(rule)),
        },
    }
}
