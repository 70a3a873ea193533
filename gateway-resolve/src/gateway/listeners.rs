//! Listeners, each looked at alone: protocol, kinds of routes, TLS.

use std::sync::Arc;

use gateway_model::{
    GrpcRoute, HttpRoute, Kind, Listener, Protocol, RouteGroupKind, TcpRoute, TlsMode, TlsRoute,
    UdpRoute, Unread,
};

use crate::ir::{Certificate, ListenerId};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{
    ListenerAccepted, ListenerProgrammed, ListenerResolvedRefs, ListenerSetAccepted,
};

use crate::route::selector;

use super::ServedGateway;
use super::certificates::Certificates;
use super::owner::{Merged, Owner};
use super::serving::Speaks;
use super::tls::{ListenerTlsOutcome, listener_tls};

/// A listener that is served by a Gateway, and what is known of it without its neighbours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListenerFacts {
    /// What has it.
    owner: Owner,
    /// Its position there.
    index: usize,
    /// Its identity.
    pub(crate) id: Arc<ListenerId>,
    /// Its place, as in `spec.listeners[0]`.
    pub(crate) field: String,
    /// The kinds of routes that it takes.
    pub(crate) kinds: Vec<RouteGroupKind>,
    /// What is spoken on it, or why nothing is.
    pub(crate) speaks: Result<Speaks, Problem<ListenerProgrammed>>,
    /// The certificates that it presents.
    pub(crate) certificates: Vec<Arc<Certificate>>,
    /// What keeps it from being accepted.
    pub(crate) refused: Vec<Problem<ListenerAccepted>>,
    /// What is written and has no effect.
    pub(crate) ignored: Vec<Problem<ListenerAccepted>>,
    /// The references of it that do not resolve.
    pub(crate) unresolved: Vec<Problem<ListenerResolvedRefs>>,
}

impl ListenerFacts {
    /// The listener as it is written.
    pub(crate) fn spec(&self) -> &Listener {
        &self.owner.listeners()[self.index]
    }

    /// Is it a ListenerSet's?
    pub(crate) fn is_of_set(&self) -> bool {
        matches!(self.owner, Owner::ListenerSet { .. })
    }

    /// Is its owner let in by the Gateway?
    pub(crate) fn is_attached(&self) -> bool {
        self.owner.refused().is_none()
    }

    /// What keeps its owner from having it served.
    pub(crate) fn owner_refused(&self) -> Option<&Problem<ListenerSetAccepted>> {
        self.owner.refused()
    }

    /// How the author of `other` gets to know it: of a ListenerSet in another namespace only that there is one
    /// (GEP-1713, "Listener and ListenerSet conflicts").
    pub(crate) fn named_for(&self, other: &Self) -> String {
        let is_set = self.is_of_set();
        let is_elsewhere = self.id.parent.namespace != other.id.parent.namespace;
        match is_set && is_elsewhere {
            true => "a listener of another ListenerSet".to_owned(),
            false => self.id.to_string(),
        }
    }
}

/// Looks at the listeners that a Gateway serves, in the order of their owners and of `spec.listeners`.
pub(crate) fn listeners(
    merged: &Merged,
    certificates: &Certificates,
    reader: &Reader<'_>,
) -> Vec<ListenerFacts> {
    let listeners = merged.owners.iter().flat_map(|owner| {
        let place = move |index| Place {
            gateway: &merged.gateway,
            owner,
            index,
        };
        (0..owner.listeners().len()).map(place)
    });
    listeners
        .map(|place| facts(&place, certificates, reader))
        .collect()
}

/// Where a listener is.
pub(super) struct Place<'a> {
    /// The Gateway that serves it.
    pub(super) gateway: &'a ServedGateway,
    /// What has it.
    pub(super) owner: &'a Owner,
    /// Its position there.
    index: usize,
}

fn facts(place: &Place<'_>, certificates: &Certificates, reader: &Reader<'_>) -> ListenerFacts {
    let Place { owner, index, .. } = *place;
    let spec = &owner.listeners()[index];
    let field = format!("spec.listeners[{index}]");
    let ListenerTlsOutcome {
        speaks,
        certificates,
        unresolved,
        refused,
        ignored,
    } = match &spec.protocol {
        Protocol::Http => cleartext(spec, &field, Speaks::Http),
        Protocol::Tcp => cleartext(spec, &field, Speaks::Tcp),
        Protocol::Udp => cleartext(spec, &field, Speaks::Udp),
        Protocol::Https | Protocol::Tls => listener_tls(place, spec, &field, certificates, reader),
        other => unsupported(other, &field),
    };
    let (kinds, bad_kinds) = kinds(spec, &field);
    let selector = selector_problem(spec, &field);
    ListenerFacts {
        id: Arc::new(ListenerId {
            parent: owner.reference(),
            name: spec.name.clone(),
        }),
        owner: owner.clone(),
        index,
        field,
        kinds,
        speaks,
        certificates,
        ignored,
        refused: refused
            .into_iter()
            .chain(selector)
            .chain(unread(spec))
            .collect(),
        unresolved: unresolved.into_iter().chain(bad_kinds).collect(),
    }
}

/// What isn't understood of a listener keeps it from being served.
fn unread(spec: &Listener) -> impl Iterator<Item = Problem<ListenerAccepted>> + '_ {
    let problem = |Unread { field, message }: &Unread| {
        Problem::new(ListenerAccepted::UnsupportedValue, field, message)
    };
    spec.unread.iter().map(problem)
}

/// A selector that no namespace can be held against leaves it open whose routes are meant.
fn selector_problem(spec: &Listener, field: &str) -> Option<Problem<ListenerAccepted>> {
    let message = selector::problem(&spec.allowed_routes.namespaces)?;
    let field = format!("{field}.allowedRoutes.namespaces.selector");
    Some(Problem::new(
        ListenerAccepted::UnsupportedValue,
        field,
        message,
    ))
}

/// A listener without TLS. One that asks for it all the same is not served in clear.
fn cleartext(spec: &Listener, field: &str, speaks: Speaks) -> ListenerTlsOutcome {
    let refused = spec.tls.as_ref().map(|_| {
        let protocol = &spec.protocol;
        let message = match protocol {
            Protocol::Http => {
                "protocol HTTP has no TLS; remove tls, or set protocol to HTTPS".to_owned()
            }
            _ => format!("protocol {protocol} has no TLS; remove tls, or set protocol to TLS"),
        };
        Problem::new(
            ListenerAccepted::UnsupportedValue,
            format!("{field}.tls"),
            message,
        )
    });
    ListenerTlsOutcome {
        speaks: Ok(speaks),
        certificates: Vec::new(),
        unresolved: Vec::new(),
        refused: refused.into_iter().collect(),
        ignored: Vec::new(),
    }
}

fn unsupported(protocol: &Protocol, field: &str) -> ListenerTlsOutcome {
    let field = format!("{field}.protocol");
    let message = format!(
        "expected HTTP, HTTPS, TLS, TCP or UDP, found {:?}",
        protocol.as_str()
    );
    let problem = Problem::new(ListenerAccepted::UnsupportedProtocol, field, message);
    ListenerTlsOutcome {
        speaks: Err(problem.with_reason(ListenerProgrammed::Invalid)),
        certificates: Vec::new(),
        unresolved: Vec::new(),
        refused: vec![problem],
        ignored: Vec::new(),
    }
}

/// The kinds that a listener takes, and those that it asks for in vain (GEP-2907).
fn kinds(
    spec: &Listener,
    field: &str,
) -> (Vec<RouteGroupKind>, Vec<Problem<ListenerResolvedRefs>>) {
    let supported = supported_kinds(spec);
    // Which kinds a protocol takes that is not supported is not known.
    if spec.allowed_routes.kinds.is_empty() || supported.is_empty() {
        return (supported, Vec::new());
    }
    let mut kinds = Vec::new();
    let mut bad = Vec::new();
    for (index, kind) in spec.allowed_routes.kinds.iter().enumerate() {
        if !supported.contains(kind) {
            let message = format!(
                "kind {} of group {:?} is not supported by protocol {}",
                kind.kind,
                kind.group,
                spoken(spec)
            );
            let field = format!("{field}.allowedRoutes.kinds[{index}]");
            bad.push(Problem::new(
                ListenerResolvedRefs::InvalidRouteKinds,
                field,
                message,
            ));
        } else if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    (kinds, bad)
}

/// TLS that is passed on has a TLSRoute, since what else there is of it can't be read (TLSModePassthrough); what was in
/// TLS may have a TCPRoute as well (TLSRoute, GEP-1897).
fn supported_kinds(spec: &Listener) -> Vec<RouteGroupKind> {
    match spec.protocol {
        Protocol::Http | Protocol::Https => {
            vec![route_kind::<HttpRoute>(), route_kind::<GrpcRoute>()]
        }
        Protocol::Tls if is_passed_on(spec) => vec![route_kind::<TlsRoute>()],
        Protocol::Tls => vec![route_kind::<TlsRoute>(), route_kind::<TcpRoute>()],
        Protocol::Tcp => vec![route_kind::<TcpRoute>()],
        Protocol::Udp => vec![route_kind::<UdpRoute>()],
        _ => Vec::new(),
    }
}

/// Is TLS not terminated?
pub(super) fn is_passed_on(spec: &Listener) -> bool {
    let mode = spec.tls.as_ref().map(|tls| tls.mode);
    mode == Some(TlsMode::Passthrough)
}

fn spoken(spec: &Listener) -> String {
    match spec.protocol {
        Protocol::Tls if is_passed_on(spec) => "TLS in mode Passthrough".to_owned(),
        ref protocol => protocol.to_string(),
    }
}

/// A kind of route, as listeners list it.
pub(crate) fn route_kind<R: Kind>() -> RouteGroupKind {
    RouteGroupKind {
        group: R::GROUP.to_owned(),
        kind: R::KIND.to_owned(),
    }
}
