//! Upstreams, as far as routes lead to them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use gateway_model::k8s_gateway::values::{KubeUpstream, StaticHost, StaticUpstream, UpstreamType};
use gateway_model::k8s_gateway::{Options, Upstream, UpstreamSpec};
use gateway_model::{BackendObjectReference, Kind, ObjectRef, Port, Service};

use crate::ir::{AppProtocol, Backend, BackendId, Endpoint, Refusal, RefusalReason, Target};
use crate::reader::{Read, Reader};
use crate::route::backends;

use super::upstream_settings;

/// Does a reference name an Upstream?
pub(crate) fn is_upstream(reference: &BackendObjectReference) -> bool {
    reference.group == Upstream::GROUP && reference.kind == Upstream::KIND
}

/// The port of an Upstream's id: one of its own, since a reference's is ignored.
fn id_of(object: ObjectRef, spec: &UpstreamSpec) -> Result<BackendId, String> {
    let number = match where_it_is(spec)? {
        UpstreamType::Kube(KubeUpstream { service_port, .. }) => *service_port,
        UpstreamType::Static(StaticUpstream { hosts, .. }) => {
            hosts.first().map_or(0, |host| host.port)
        }
        _ => return Err("is of a type that is not supported".to_owned()),
    };
    let port = Port::new(number.into()).ok();
    let port = port.ok_or_else(|| format!("expected a port, found {number}"))?;
    Ok(BackendId::new(object, port))
}

fn where_it_is(spec: &UpstreamSpec) -> Result<&UpstreamType, String> {
    // What is meant for TLS or for a proxy must not be sent in clear.
    for guarded in ["sslConfig", "httpProxyHostname"] {
        if spec.ignored().get(guarded).is_some() {
            return Err(format!("spec.{guarded} is not supported"));
        }
    }
    match &spec.upstream_type {
        None => Err("expected one of kube, static and others, found none".to_owned()),
        Some(field) => match &field.read {
            Ok(UpstreamType::Static(listed)) if wants_tls(listed) => {
                Err("spec.static: TLS is not supported".to_owned())
            }
            Ok(found) => Ok(found),
            Err(error) => Err(format!("spec.{}: {error}", field.name)),
        },
    }
}

/// TLS is meant where it is said, or else where a port is that of HTTPS.
fn wants_tls(listed: &StaticUpstream) -> bool {
    let implied = || listed.hosts.iter().any(|host| host.port == 443);
    listed.use_tls.unwrap_or_else(implied)
}

fn upstream<'a>(object: &ObjectRef, reader: &Reader<'a>) -> Option<&'a Arc<Upstream>> {
    reader.record(|| Read::Object(object.clone()));
    reader
        .snapshot()
        .upstreams()
        .get(&object.namespace, &object.name)
}

/// The backend that an Upstream is; why there is none, and whether that is since it does not exist.
pub(crate) fn upstream_backend(
    object: &ObjectRef,
    reader: &Reader<'_>,
) -> Result<BackendId, (bool, String)> {
    let Some(found) = upstream(object, reader) else {
        return Err((true, format!("{object} does not exist")));
    };
    let id =
        id_of(object.clone(), &found.spec).map_err(|why| (false, format!("{object}: {why}")))?;
    backend(&id, reader)
        .map(|_| id)
        .ok_or_else(|| (false, format!("{object}: expected addresses")))
}

/// An Upstream that an option names, without a grant (K8sGateway: options may name those of any namespace).
pub(super) fn target(namespace: &str, name: &str, reader: &Reader<'_>) -> Target {
    let object = ObjectRef::new(Upstream::GROUP, Upstream::KIND, namespace, name);
    match upstream_backend(&object, reader) {
        Ok(id) => Target::Backend(id),
        Err((_, message)) => Target::Refused(Refusal::new(RefusalReason::BackendNotFound, message)),
    }
}

/// The backend of an id that an Upstream has.
pub(crate) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    if id.object.group != Upstream::GROUP {
        return None;
    }
    let found = upstream(&id.object, reader)?;
    let mut endpoints = match where_it_is(&found.spec).ok()? {
        UpstreamType::Kube(kube) => of_service(kube, id.port, reader),
        UpstreamType::Static(listed) => listed.hosts.iter().map(of_host).collect::<Option<_>>()?,
        _ => return None,
    };
    endpoints.sort();
    endpoints.dedup();
    let http2 = found
        .spec
        .use_http2
        .as_ref()
        .is_some_and(|field| field.read == Ok(true));
    Some(Arc::new(Backend {
        id: id.clone(),
        source: found.source(),
        protocol: if http2 {
            AppProtocol::H2c
        } else {
            AppProtocol::Http
        },
        tls: None,
        settings: upstream_settings::settings(found),
        endpoints,
    }))
}

/// Those that the Service has for its port.
fn of_service(kube: &KubeUpstream, port: Port, reader: &Reader<'_>) -> Vec<Endpoint> {
    let KubeUpstream {
        service_name,
        service_namespace,
        ..
    } = kube;
    let (namespace, name) = (service_namespace.as_str(), service_name.as_str());
    let object = ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
    let backend = backends::backend(&BackendId::new(object, port), reader);
    backend.map_or_else(Vec::new, |backend| backend.endpoints.clone())
}

/// Names are not looked up here.
fn of_host(host: &StaticHost) -> Option<Endpoint> {
    let ip: IpAddr = host.addr.parse().ok()?;
    let port = u16::try_from(host.port).ok().filter(|port| *port > 0)?;
    Some(Endpoint::at(SocketAddr::new(ip, port)))
}
