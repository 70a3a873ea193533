//! Backends: the endpoints behind the ports that rules forward to.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_model::{EndpointSlice, Kind, Service};

use crate::gateway::client_certificate::shown;
use crate::ir::{
    AppProtocol, Backend, BackendId, BackendSettings, BackendTls, Endpoint, Transport,
};
use crate::kinds::{BackendKind, Lookup, Unresolved, extensions};
use crate::policy::{backend_tls, backend_traffic};
use crate::reader::Reader;
use crate::x_backend;

use super::references::{protocol, protocol_of, service_port};

/// The backend of `id`; `None` when its Service does not exist.
pub(crate) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    #[cfg(feature = "k8s-gateway")]
    if let Some(backend) = crate::k8s_gateway::backend(id, reader) {
        return Some(backend);
    }
    if x_backend::is(&id.object) {
        return x_backend::backend(id, reader);
    }
    if let Some(kind) = reader.kinds().of_backend(&id.object.group, &id.object.kind) {
        return own_backend(kind, id, reader).ok().map(Arc::new);
    }
    let service = reader.service(&id.object)?;
    let slices = reader.slices(&id.object);
    let port = service_port(service, id).ok();
    let name = port.map_or("", |port| port.name.as_str());
    // One that cannot be honoured is no backend of the IR.
    let tls = backend_tls::of_backend(id, name, reader).and_then(Result::ok);
    let tls = tls.map(|tls| BackendTls {
        identity: id.certificate.as_ref().and_then(|id| shown(id, reader)),
        ..tls
    });
    let settings = BackendSettings {
        retry_constraint: backend_traffic::retry_constraint(id, reader),
        extensions: extensions(&id.object, name, reader),
        ..BackendSettings::default()
    };
    let backend = of_service(id, service, tls, slices);
    let backend = Backend {
        settings,
        ..backend
    };
    #[cfg(feature = "k8s-gateway")]
    let backend = as_annotated(backend, service, reader);
    Some(Arc::new(backend))
}

/// The same as annotations of its Service say. What is wrong with them is said of the references to it, and nobody
/// gets its requests.
#[cfg(feature = "k8s-gateway")]
fn as_annotated(backend: Backend, service: &Service, reader: &Reader<'_>) -> Backend {
    use crate::k8s_gateway::{annotated, is_annotated};
    if !is_annotated(service) {
        return backend;
    }
    annotated(backend.clone(), service, reader).unwrap_or(Backend {
        endpoints: Vec::new(),
        ..backend
    })
}

/// What is wrong with annotations of a Service.
#[cfg(feature = "k8s-gateway")]
pub(crate) fn wrong_annotations(
    id: &BackendId,
    service: &Service,
    reader: &Reader<'_>,
) -> Option<String> {
    use crate::k8s_gateway::{annotated, is_annotated};
    if !is_annotated(service) {
        return None;
    }
    let backend = of_service(id, service, None, std::iter::empty());
    annotated(backend, service, reader).err()
}

/// The backend of an embedder's kind that has this id, or why there is none.
pub(crate) fn own_backend(
    kind: &dyn BackendKind,
    id: &BackendId,
    reader: &Reader<'_>,
) -> Result<Backend, Unresolved> {
    let object = reader.custom(&id.object).ok_or_else(|| {
        let message = format!("{} does not exist", id.object);
        Unresolved::not_found(message).missing(id.object.clone())
    })?;
    let mut backend = kind.backend(id, object, &Lookup(reader))?;
    backend.id = id.clone();
    backend.source = object.source();
    if let (Some(tls), Some(certificate)) = (&mut backend.tls, &id.certificate) {
        tls.identity = shown(certificate, reader);
    }
    backend.endpoints.sort();
    backend.endpoints.dedup();
    let own = extensions(&id.object, "", reader);
    backend.settings.extensions.extend(own);
    Ok(backend)
}

fn of_service<'a>(
    id: &BackendId,
    service: &Service,
    tls: Option<BackendTls>,
    slices: impl Iterator<Item = &'a Arc<EndpointSlice>>,
) -> Backend {
    let port = service_port(service, id).ok();
    let name = port.map_or("", |port| port.name.as_str());
    let mut endpoints: Vec<_> = slices
        .flat_map(|slice| endpoints(slice, name, id.transport))
        .collect();
    endpoints.sort();
    endpoints.dedup();
    Backend {
        id: id.clone(),
        source: service.source(),
        protocol: port
            .and_then(|port| protocol(port, tls.is_some()).ok())
            .unwrap_or(AppProtocol::Opaque),
        tls,
        settings: BackendSettings::default(),
        endpoints,
    }
}

/// The ready endpoints of a slice at its port of that name. Of the addresses of an endpoint, which
/// are interchangeable, the first is taken; names (FQDN slices) are not.
fn endpoints<'a>(
    slice: &'a EndpointSlice,
    name: &'a str,
    transport: Transport,
) -> impl Iterator<Item = Endpoint> + 'a {
    let ports = slice.ports.iter().filter(move |port| {
        port.name.as_deref().unwrap_or_default() == name && port.protocol == protocol_of(transport)
    });
    let ready = || {
        let endpoints = slice.endpoints.iter();
        endpoints.filter(|endpoint| endpoint.conditions.ready != Some(false))
    };
    ports.filter_map(|port| port.port).flat_map(move |port| {
        ready()
            .filter_map(|endpoint| endpoint.ips().next())
            .map(move |ip| Endpoint::at(SocketAddr::new(ip, port.get())))
    })
}
