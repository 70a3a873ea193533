//! Backends: the endpoints behind the ports that rules forward to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use gateway_model::{EndpointSlice, Kind, Service, TransportProtocol};

use crate::Snapshot;
use crate::ir::{AppProtocol, Backend, BackendId, Endpoint};

use super::references::{protocol, service_port};

/// EndpointSlices by the namespace and name of their Service.
type Slices<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>;

/// The backends of `ids`, all of which resolve, in their order.
pub(crate) fn backends(snapshot: &Snapshot, ids: &BTreeSet<&BackendId>) -> Vec<Arc<Backend>> {
    let slices = slices(snapshot);
    let known = ids.iter().filter_map(|id| {
        let service = snapshot
            .services()
            .get(&id.object.namespace, &id.object.name)?;
        let of_service = slices.get(&(&*id.object.namespace, &*id.object.name));
        let slices = of_service.map_or([].as_slice(), Vec::as_slice);
        Some(Arc::new(backend(id, service, slices)))
    });
    known.collect()
}

fn slices(snapshot: &Snapshot) -> Slices<'_> {
    let mut slices = Slices::new();
    for slice in snapshot.endpoint_slices().iter() {
        if let Some(service) = slice.service() {
            let namespace = slice.metadata.namespace.as_str();
            slices.entry((namespace, service)).or_default().push(slice);
        }
    }
    slices
}

fn backend(id: &BackendId, service: &Service, slices: &[&EndpointSlice]) -> Backend {
    let port = service_port(service, id).ok();
    let name = port.map_or("", |port| port.name.as_str());
    let mut endpoints: Vec<_> = slices
        .iter()
        .flat_map(|slice| endpoints(slice, name))
        .collect();
    endpoints.sort();
    endpoints.dedup();
    Backend {
        id: id.clone(),
        source: service.source(),
        protocol: port
            .and_then(|port| protocol(port).ok())
            .unwrap_or(AppProtocol::Http1),
        endpoints,
    }
}

/// The ready endpoints of a slice at its port of that name. Of the addresses of an endpoint, which
/// are interchangeable, the first is taken; names (FQDN slices) are not.
fn endpoints<'a>(slice: &'a EndpointSlice, name: &'a str) -> impl Iterator<Item = Endpoint> + 'a {
    let ports = slice.ports.iter().filter(move |port| {
        port.name.as_deref().unwrap_or_default() == name && port.protocol == TransportProtocol::Tcp
    });
    let ready = || {
        let endpoints = slice.endpoints.iter();
        endpoints.filter(|endpoint| endpoint.conditions.ready != Some(false))
    };
    ports.filter_map(|port| port.port).flat_map(move |port| {
        ready()
            .filter_map(|endpoint| endpoint.ips().next())
            .map(move |ip| Endpoint {
                address: SocketAddr::new(ip, port.get()),
            })
    })
}
