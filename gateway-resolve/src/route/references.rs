//! References from rules to backends.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use gateway_model::{
    BackendObjectReference, Kind, ObjectRef, Port, Service, ServicePort, ServiceType,
    TransportProtocol,
};

use crate::gateway::certificates::{core_hint, not_permitted};
use crate::ir::{AppProtocol, BackendId, Refusal, RefusalReason, Target, Transport};
use crate::kinds::{BackendKind, Unresolved};
use crate::policy::backend_tls;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::RouteResolvedRefs;
use crate::x_backend;

use super::backends::own_backend;

/// Where the references of one route are looked up.
pub(crate) struct References<'a> {
    pub(crate) reader: &'a Reader<'a>,
    /// The route.
    pub(crate) from: &'a ObjectRef,
    /// Are they of a mesh, where routes expose nothing that clients could not reach, so that no grant is needed
    /// (GEP-1294)?
    pub(crate) in_mesh: bool,
    /// The backends that were found, used or not.
    pub(crate) backends: RefCell<BTreeSet<BackendId>>,
}

/// What is asked of the port that a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// That HTTP is spoken there; of a backend with functions, this one is called.
    Http(Option<&'a str>),
    /// That it can be reached.
    Stream(Transport),
}

impl Wanted<'_> {
    fn transport(self) -> Transport {
        match self {
            Self::Http(_) => Transport::Tcp,
            Self::Stream(transport) => transport,
        }
    }
}

/// What a reference comes to.
#[derive(Debug)]
pub(crate) struct Found {
    /// For what comes in clear, or was in TLS.
    pub(crate) in_clear: Target,
    /// For TLS that is passed on: to it no BackendTLSPolicy says how a backend is connected to.
    pub(crate) passed_on: Target,
}

impl References<'_> {
    /// What the reference of HTTP at `field` comes to; problems go to `unresolved`.
    pub(crate) fn target(
        &self,
        reference: &BackendObjectReference,
        field: fmt::Arguments<'_>,
        unresolved: &mut Vec<Problem<RouteResolvedRefs>>,
    ) -> Target {
        self.find(reference, Wanted::Http(None), field, unresolved)
            .in_clear
    }

    /// What the reference at `field` comes to; problems go to `unresolved`.
    pub(crate) fn find(
        &self,
        reference: &BackendObjectReference,
        wanted: Wanted<'_>,
        field: fmt::Arguments<'_>,
        unresolved: &mut Vec<Problem<RouteResolvedRefs>>,
    ) -> Found {
        match self.found(reference, wanted) {
            Ok(found) => found,
            Err(Unresolved {
                reason,
                message,
                missing,
            }) => {
                let refused =
                    Target::Refused(Refusal::new(refusal_reason(reason), message.clone()));
                unresolved.push(Problem {
                    missing,
                    ..Problem::new(reason, field.to_string(), message)
                });
                Found::both(refused)
            }
        }
    }

    /// What a reference that resolves comes to. What is wrong with the object or its policy is said of these.
    fn found(
        &self,
        reference: &BackendObjectReference,
        wanted: Wanted<'_>,
    ) -> Result<Found, Unresolved> {
        if x_backend::is_kind(&reference.group, &reference.kind) {
            let (id, accepted) = x_backend::named(reference, self.from, wanted, self.reader)?;
            self.backends.borrow_mut().insert(id.clone());
            let target = accepted.map_or_else(Target::Refused, |()| Target::Backend(id));
            return Ok(Found::both(target));
        }
        let (id, tls) = self.backend(reference, wanted)?;
        let refused =
            |message| Target::Refused(Refusal::new(RefusalReason::InvalidBackendTls, message));
        Ok(Found {
            in_clear: tls.map_or_else(refused, |()| Target::Backend(id.clone())),
            passed_on: Target::Backend(id),
        })
    }

    /// In turn: kind, permission, existence, port, protocol. Permission comes before existence, so
    /// that nothing leaks from a namespace that has granted nothing.
    ///
    /// A backend that TLS is asked for by a policy that cannot be honoured is there, and gets nothing.
    fn backend(
        &self,
        reference: &BackendObjectReference,
        wanted: Wanted<'_>,
    ) -> Result<(BackendId, Result<(), String>), Unresolved> {
        #[cfg(feature = "k8s-gateway")]
        if crate::k8s_gateway::is_upstream(reference) {
            return self.upstream(reference, wanted).map(|id| (id, Ok(())));
        }
        let (group, kind) = (&*reference.group, &*reference.kind);
        if let Some(own) = self.reader.kinds().of_backend(group, kind) {
            return self.own(own, reference, wanted).map(|id| (id, Ok(())));
        }
        let object = self.service_named(reference)?;
        let not_found = |message: String| Unresolved::not_found(message);
        let service = self
            .reader
            .service(&object)
            .ok_or_else(|| not_found(format!("{object} does not exist")).missing(object.clone()))?;
        if service.spec.type_ == ServiceType::ExternalName {
            let message = format!("{object} is of type ExternalName, which has no endpoints");
            return Err(not_found(message));
        }
        let port = reference
            .port
            .ok_or_else(|| not_found(format!("expected a port of {object}, found none")))?;
        let id = BackendId {
            object,
            port: Some(port),
            transport: wanted.transport(),
            certificate: None,
            function: None,
        };
        let service_port = service_port(service, &id).map_err(not_found)?;
        self.backends.borrow_mut().insert(id.clone());
        let tls = backend_tls::of_backend(&id, &service_port.name, self.reader);
        let spoken = match wanted {
            Wanted::Http(_) => protocol(service_port, tls.is_some()).map(drop),
            Wanted::Stream(transport) => reached_by(service_port, transport),
        };
        #[cfg(feature = "k8s-gateway")]
        let spoken = spoken.and_then(|()| {
            let wrong = super::backends::wrong_annotations(&id, service, self.reader);
            wrong.map_or(Ok(()), Err)
        });
        match spoken {
            Ok(()) => Ok((id, tls.map_or(Ok(()), |tls| tls.map(drop)))),
            Err(message) => {
                let message = format!("{id}: {message}");
                let reason = RouteResolvedRefs::UnsupportedProtocol;
                Err(Unresolved::new(reason, message))
            }
        }
    }

    /// The Upstream that a reference names, and may name; its port is its own.
    #[cfg(feature = "k8s-gateway")]
    fn upstream(
        &self,
        reference: &BackendObjectReference,
        wanted: Wanted<'_>,
    ) -> Result<BackendId, Unresolved> {
        let object = self.permitted(reference)?;
        let found = match wanted {
            Wanted::Http(function) => {
                crate::k8s_gateway::upstream_backend(&object, function, self.reader)
            }
            Wanted::Stream(_) => crate::k8s_gateway::stream_backend(&object, self.reader),
        };
        let id = found.map_err(|(is_missing, message)| match is_missing {
            true => Unresolved::not_found(message).missing(object),
            false => Unresolved::not_found(message),
        })?;
        self.backends.borrow_mut().insert(id.clone());
        Ok(id)
    }

    fn may_name(&self, object: &ObjectRef) -> bool {
        self.in_mesh || self.reader.permit(self.from, object)
    }

    /// The backend of an embedder's kind that a reference names, and may name.
    fn own(
        &self,
        kind: &dyn BackendKind,
        reference: &BackendObjectReference,
        wanted: Wanted<'_>,
    ) -> Result<BackendId, Unresolved> {
        let object = self.permitted(reference)?;
        let id = BackendId {
            object,
            port: reference.port.filter(|_| kind.has_ports()),
            transport: wanted.transport(),
            certificate: None,
            function: None,
        };
        let backend = own_backend(kind, &id, self.reader)?;
        if matches!(wanted, Wanted::Http(_)) && backend.protocol == AppProtocol::Opaque {
            let message = format!("{id}: expected a backend that speaks HTTP");
            return Err(Unresolved::unsupported_protocol(message));
        }
        self.backends.borrow_mut().insert(id.clone());
        Ok(id)
    }

    /// The object that a reference names, if it may name it.
    fn permitted(&self, reference: &BackendObjectReference) -> Result<ObjectRef, Unresolved> {
        let namespace = reference.namespace.as_deref();
        let namespace = namespace.unwrap_or(&self.from.namespace);
        let (group, kind) = (reference.group.clone(), reference.kind.clone());
        let object = ObjectRef::new(group, kind, namespace, reference.name.as_str());
        match self.may_name(&object) {
            true => Ok(object),
            false => {
                let message = not_permitted(self.from, &object);
                Err(Unresolved::new(RouteResolvedRefs::RefNotPermitted, message))
            }
        }
    }

    /// The Service that a reference names, and may name.
    fn service_named(&self, reference: &BackendObjectReference) -> Result<ObjectRef, Unresolved> {
        let BackendObjectReference { group, kind, .. } = reference;
        if !group.is_empty() || kind != Service::KIND {
            let message = format!(
                "expected a Service of the core group{}, found kind {kind:?} of group {group:?}{}",
                self.reader.kinds().alternatives(),
                core_hint(group)
            );
            return Err(Unresolved::new(RouteResolvedRefs::InvalidKind, message));
        }
        self.permitted(reference)
    }
}

impl Found {
    fn both(target: Target) -> Self {
        Self {
            in_clear: target.clone(),
            passed_on: target,
        }
    }
}

/// The port of a Service that a backend is; of another transport when there is none of its own.
pub(crate) fn service_port<'a>(
    service: &'a Service,
    id: &BackendId,
) -> Result<&'a ServicePort, String> {
    let numbered = || {
        let ports = service.spec.ports.iter();
        ports.filter(|port| Some(port.port) == id.port)
    };
    let own = numbered().find(|port| reached_by(port, id.transport).is_ok());
    own.or_else(|| numbered().next()).ok_or_else(|| {
        let ports = service.spec.ports.iter().map(|port| port.port.to_string());
        let ports = ports.collect::<Vec<_>>().join(", ");
        let wanted = id.port.map_or(0, Port::get);
        format!("{} has no port {wanted}; its ports are: {ports}", id.object)
    })
}

/// Is a port reached by `transport`?
fn reached_by(port: &ServicePort, transport: Transport) -> Result<(), String> {
    match port.protocol == protocol_of(transport) {
        true => Ok(()),
        false => Err(format!(
            "expected a {transport} port, found another transport"
        )),
    }
}

/// A transport as Services and EndpointSlices have it.
pub(crate) fn protocol_of(transport: Transport) -> TransportProtocol {
    match transport {
        Transport::Tcp => TransportProtocol::Tcp,
        Transport::Udp => TransportProtocol::Udp,
    }
}

/// What a port speaks (GEP-1911): HTTP unless `appProtocol` says otherwise. Names of the IANA
/// registry, which have no prefix, are compared without regard to case (RFC 6335, section 5.1).
///
/// What needs TLS has it by a policy: then it is `tls`.
pub(crate) fn protocol(port: &ServicePort, tls: bool) -> Result<AppProtocol, String> {
    reached_by(port, Transport::Tcp)?;
    let given = port.app_protocol.as_deref().unwrap_or_default();
    let name = match given.contains('/') {
        true => given.to_owned(),
        false => given.to_ascii_lowercase(),
    };
    match name.as_str() {
        "" => Ok(AppProtocol::Http),
        "http" | "ws" | "kubernetes.io/ws" => Ok(AppProtocol::Http1),
        "kubernetes.io/h2c" | "h2c" | "http2" | "grpc" => Ok(AppProtocol::H2c),
        "https" | "wss" | "tls" | "kubernetes.io/https" | "kubernetes.io/wss" if tls => {
            Ok(AppProtocol::Http1)
        }
        "https" | "wss" | "tls" | "kubernetes.io/https" | "kubernetes.io/wss" => Err(format!(
            "appProtocol {given} needs TLS towards the backend: expected a BackendTLSPolicy for \
             this port, found none"
        )),
        _ => Err(format!(
            "expected the appProtocol http, grpc, kubernetes.io/h2c, kubernetes.io/ws or none, \
             found {given}"
        )),
    }
}

fn refusal_reason(reason: RouteResolvedRefs) -> RefusalReason {
    match reason {
        RouteResolvedRefs::RefNotPermitted => RefusalReason::RefNotPermitted,
        RouteResolvedRefs::InvalidKind => RefusalReason::InvalidKind,
        RouteResolvedRefs::UnsupportedProtocol => RefusalReason::UnsupportedProtocol,
        RouteResolvedRefs::BackendNotFound | RouteResolvedRefs::ResolvedRefs => {
            RefusalReason::BackendNotFound
        }
    }
}
