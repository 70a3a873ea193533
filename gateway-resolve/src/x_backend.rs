//! What an XBackend comes to (GEP-4894): a host outside of the cluster, and how it is connected to.

use std::net::IpAddr;
use std::sync::Arc;

use gateway_model::{
    BackendObjectReference, ExternalHostname, Hostname, Kind, ObjectRef, XBackend,
    XBackendDestination, XBackendProtocol, XBackendSpec, XBackendTls, XBackendTlsMode,
};

use crate::gateway::client_certificate::{certificate_at, shown};
use crate::ir::{
    AppProtocol, Authorities, Backend, BackendId, BackendSettings, BackendTls, Endpoint,
    EndpointAddress, Handshake, Refusal, RefusalReason, Transport,
};
use crate::kinds::Unresolved;
use crate::policy::not_understood;
use crate::policy::validation::{Outcome, Place, validate};
use crate::problem::{Problem, texts};
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, RouteResolvedRefs};
use crate::route::references::Wanted;

/// Is this an XBackend?
pub(crate) fn is(object: &ObjectRef) -> bool {
    is_kind(&object.group, &object.kind)
}

/// Does this group have this kind of XBackends?
pub(crate) fn is_kind(group: &str, kind: &str) -> bool {
    group == XBackend::GROUP && kind == XBackend::KIND
}

/// The backend that a reference of a route names: an XBackend of its own namespace, whatever others grant. One that is
/// not accepted is there, and gets nothing.
pub(crate) fn named(
    reference: &BackendObjectReference,
    from: &ObjectRef,
    wanted: Wanted<'_>,
    reader: &Reader<'_>,
) -> Result<(BackendId, Result<(), Refusal>), Unresolved> {
    let namespace = reference.namespace.as_deref().unwrap_or(&from.namespace);
    let name = reference.name.as_str();
    let object = ObjectRef::new(XBackend::GROUP, XBackend::KIND, namespace, name);
    if object.namespace != from.namespace {
        let message = format!(
            "{object} is in another namespace: XBackends are for the routes of their own, and no grant changes that"
        );
        return Err(Unresolved::new(RouteResolvedRefs::RefNotPermitted, message));
    }
    let Some(found) = reader.x_backend(&object) else {
        let message = format!("{object} does not exist");
        let reason = RouteResolvedRefs::BackendNotFound;
        return Err(Unresolved::new(reason, message).missing(object));
    };
    let port = found.spec.port.as_ref().map(|port| port.port);
    if let (Some(asked), Some(own)) = (reference.port, port)
        && asked != own
    {
        let message = format!("{object} has no port {asked}; its port is {own}");
        return Err(Unresolved::new(RouteResolvedRefs::BackendNotFound, message));
    }
    if let Err(message) = spoken(found, wanted) {
        let message = format!("{object}: {message}");
        return Err(Unresolved::new(
            RouteResolvedRefs::UnsupportedProtocol,
            message,
        ));
    }
    let Judged { refused, .. } = judge(found, reader);
    let accepted = match refused.is_empty() {
        true => Ok(()),
        false => {
            let message = format!("{object}: {}", texts(&refused));
            Err(Refusal::new(RefusalReason::InvalidBackend, message))
        }
    };
    let id = BackendId {
        object,
        port,
        transport: Transport::Tcp,
        certificate: None,
        function: None,
    };
    Ok((id, accepted))
}

/// Can the backend be asked what is wanted of it?
fn spoken(backend: &XBackend, wanted: Wanted<'_>) -> Result<(), String> {
    match wanted {
        Wanted::Stream(transport) if !transport.is_tcp() => {
            Err(format!("it is reached by TCP, not by {transport}"))
        }
        Wanted::Http(_) if backend.spec.protocol == Some(XBackendProtocol::Tcp) => {
            Err("its protocol is TCP, of which no request is known".to_owned())
        }
        Wanted::Http(_) | Wanted::Stream(_) => Ok(()),
    }
}

/// The backend of that identity; `None` when it is no XBackend, or none that is accepted.
pub(crate) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    let found = reader.x_backend(&id.object)?;
    let Judged {
        refused, host, tls, ..
    } = judge(found, reader);
    let host = host.filter(|_| refused.is_empty())?;
    let port = id.port?;
    Some(Arc::new(Backend {
        id: id.clone(),
        source: found.source(),
        protocol: protocol(found.spec.protocol),
        tls,
        settings: BackendSettings::default(),
        // The search list of a cluster leads to its Services, which are no hosts outside of it.
        endpoints: vec![Endpoint::at(EndpointAddress::Name {
            host,
            is_whole: true,
            port,
        })],
    }))
}

/// What is said of an XBackend, and how it is connected to.
pub(crate) struct Judged {
    /// What keeps it from being accepted.
    pub(crate) refused: Vec<Problem<PolicyAccepted>>,
    /// What of it is left out.
    pub(crate) without: Vec<Problem<PolicyAccepted>>,
    host: Option<Hostname>,
    tls: Option<BackendTls>,
}

/// Reads an XBackend.
pub(crate) fn judge(backend: &XBackend, reader: &Reader<'_>) -> Judged {
    let XBackendSpec {
        destination,
        port,
        protocol,
        tls,
        unread,
    } = &backend.spec;
    let mut outcome = Outcome {
        refused: unread.iter().map(not_understood).collect(),
        ..Outcome::default()
    };
    let host = match destination {
        Some(XBackendDestination::ExternalHostname {
            external_hostname: ExternalHostname { hostname },
        }) => Some(hostname.clone()),
        _ => None,
    };
    if host.as_ref().is_some_and(|host| !is_outside(host)) {
        let message = "expected the name of a host outside of the cluster, and no IP address";
        let field = "spec.externalHostname.hostname";
        outcome.refused.push(invalid(field, message));
    }
    if (host.is_none() || port.is_none()) && outcome.refused.is_empty() {
        outcome
            .refused
            .push(invalid("spec", "expected a host and a port"));
    }
    if let (Some(tls), Some(host)) = (tls.as_ref().filter(|tls| is_by_tls(tls)), &host) {
        if *protocol == Some(XBackendProtocol::H2c) {
            let message = "H2C is HTTP/2 in clear; expected HTTP2, which is spoken over TLS";
            outcome.refused.push(invalid("spec.protocol", message));
        }
        outcome = connected_to_by(tls, host, backend, reader, outcome);
    }
    let Outcome {
        refused,
        unresolved,
        tls,
    } = outcome;
    let without = unresolved.iter();
    let without = without.map(|problem| problem.with_reason(PolicyAccepted::NoValidCaCertificate));
    Judged {
        without: without.collect(),
        refused,
        host,
        tls,
    }
}

/// May it be outside of the cluster? Addresses are not allowed, though the schema takes those that look like names, and
/// Services have their own references.
fn is_outside(host: &Hostname) -> bool {
    let of_cluster = |zone: &str| {
        let below = host.as_str().strip_suffix(zone);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    host.as_str().parse::<IpAddr>().is_err() && !of_cluster("cluster.local") && !of_cluster("svc")
}

fn invalid(field: &str, message: &str) -> Problem<PolicyAccepted> {
    Problem::new(PolicyAccepted::Invalid, field, message)
}

fn is_by_tls(tls: &XBackendTls) -> bool {
    tls.mode != XBackendTlsMode::None
}

/// Reads `spec.tls`. Where nothing is said of how the backend proves who it is, it does by a certificate for its host
/// of an authority that the system trusts. A Gateway's certificate is not shown to it.
fn connected_to_by(
    tls: &XBackendTls,
    host: &Hostname,
    backend: &XBackend,
    reader: &Reader<'_>,
    mut outcome: Outcome,
) -> Outcome {
    let place = Place {
        namespace: backend.metadata.namespace.as_str(),
        field: "spec.tls.validation",
    };
    outcome = match &tls.validation {
        Some(written) => validate(written, place, reader, outcome),
        None => Outcome {
            tls: Some(BackendTls {
                server_name: Some(host.clone()),
                names: Vec::new(),
                authorities: Authorities::System,
                handshake: Handshake::default(),
                alpn: Vec::new(),
                identity: None,
            }),
            ..outcome
        },
    };
    if let XBackendTlsMode::ClientAndServer {
        client_certificate_ref,
    } = &tls.mode
    {
        let field = "spec.tls.clientCertificateRef";
        match certificate_at(&backend.reference(), client_certificate_ref, field, reader) {
            Ok(id) => {
                if let Some(tls) = &mut outcome.tls {
                    tls.identity = shown(&id, reader);
                }
            }
            Err(problem) => outcome
                .refused
                .push(problem.with_reason(PolicyAccepted::Invalid)),
        }
    }
    outcome
}

/// What is spoken. MCP is carried by HTTP.
fn protocol(asked: Option<XBackendProtocol>) -> AppProtocol {
    match asked {
        Some(XBackendProtocol::Tcp) => AppProtocol::Opaque,
        Some(XBackendProtocol::Http11) => AppProtocol::Http1,
        Some(XBackendProtocol::Http2 | XBackendProtocol::H2c) => AppProtocol::H2c,
        _ => AppProtocol::Http,
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::Hostname;

    use super::is_outside;

    /// GEP-4894, `externalHostname`: "IP addresses are not allowed in this field", nor are names of the cluster.
    #[test]
    fn addresses_and_names_of_the_cluster_are_not_outside() {
        let outside = |host| is_outside(&Hostname::new(host).unwrap());
        for host in [
            "127.0.0.1",
            "169.254.169.254",
            "cluster.local",
            "a.b.svc.cluster.local",
            "a.b.svc",
        ] {
            assert!(!outside(host), "{host}");
        }
        for host in [
            "api.example.com",
            "svc.example.com",
            "mycluster.local",
            "1.example",
        ] {
            assert!(outside(host), "{host}");
        }
    }
}
