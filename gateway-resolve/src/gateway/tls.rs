//! The TLS of a listener: its certificates, those of its clients, and the fields that are not served.

use std::sync::Arc;

use gateway_model::{Listener, ListenerTls, Protocol};

use crate::ir::{Certificate, Handshake, Tls};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{ListenerAccepted, ListenerProgrammed, ListenerResolvedRefs};

use super::certificates::Certificates;
use super::listeners::{Place, is_passed_on};
use super::owner::Owner;
use super::serving::Speaks;

/// What becomes of the TLS of one listener.
#[derive(Debug)]
pub(crate) struct ListenerTlsOutcome {
    /// What is spoken on the listener, or why nothing is.
    pub(crate) speaks: Result<Speaks, Problem<ListenerProgrammed>>,
    /// The certificates that can be used.
    pub(crate) certificates: Vec<Arc<Certificate>>,
    /// The certificates that cannot.
    pub(crate) unresolved: Vec<Problem<ListenerResolvedRefs>>,
    /// Values that keep the listener from being accepted.
    pub(crate) refused: Vec<Problem<ListenerAccepted>>,
    /// Values that have no effect.
    pub(crate) ignored: Vec<Problem<ListenerAccepted>>,
}

/// Reads the TLS of the listener at `field`, of protocol HTTPS or TLS. One that passes it on shows no certificate.
pub(super) fn listener_tls(
    place: &Place<'_>,
    listener: &Listener,
    field: &str,
    certificates: &Certificates,
    reader: &Reader<'_>,
) -> ListenerTlsOutcome {
    let mut refused = refused(listener, field);
    let mut usable = Vec::new();
    let mut unresolved = Vec::new();
    if listener.protocol == Protocol::Tls && is_passed_on(listener) {
        return ListenerTlsOutcome {
            speaks: Ok(Speaks::TlsPassthrough),
            certificates: usable,
            unresolved,
            refused,
            ignored: Vec::new(),
        };
    }
    let owner = place.owner.reference();
    let references = listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
    for (index, reference) in references.enumerate() {
        let field = format!("{field}.tls.certificateRefs[{index}]");
        match certificates.get(&owner, reference, reader, &field) {
            Ok(certificate) => usable.push(Arc::clone(certificate)),
            Err(problem) => unresolved.push(problem),
        }
    }
    let mut speaks = speaks(&listener.protocol, &usable, &unresolved, field);
    let frontend = &place.gateway.frontend;
    let is_https = listener.protocol == Protocol::Https;
    if let Some(validation) = frontend.of(listener.port).filter(|_| is_https) {
        unresolved.extend(validation.unresolved.iter().map(|p| told(place, p)));
        match (&validation.clients, &mut speaks) {
            (Ok(clients), Ok(Speaks::Https(tls))) => tls.clients = Some(clients.clone()),
            (Ok(_), _) => {}
            (Err(problem), _) => refused.push(told(place, problem)),
        }
    }
    let outcome = ListenerTlsOutcome {
        speaks,
        certificates: usable,
        unresolved,
        refused,
        ignored: Vec::new(),
    };
    #[cfg(feature = "k8s-gateway")]
    let outcome = crate::k8s_gateway::narrowed(outcome, listener, &owner, field, reader);
    outcome
}

/// What is wrong with the Gateway's validation of clients, as the owner of a listener gets to know it: a ListenerSet
/// has no such field, and its author may not know what the Gateway refers to (GEP-1713).
fn told<R: Copy>(place: &Place<'_>, problem: &Problem<R>) -> Problem<R> {
    match place.owner {
        Owner::Gateway(_) => problem.with_reason(problem.reason),
        Owner::ListenerSet { .. } => {
            let gateway = &place.gateway.reference;
            let message = format!("{gateway} has clients validated, and cannot do so as it is");
            Problem::new(problem.reason, "", message)
        }
    }
}

fn speaks(
    protocol: &Protocol,
    usable: &[Arc<Certificate>],
    unresolved: &[Problem<ListenerResolvedRefs>],
    field: &str,
) -> Result<Speaks, Problem<ListenerProgrammed>> {
    let certificates: Vec<_> = usable.iter().map(|c| c.id.clone()).collect();
    match (certificates.is_empty(), unresolved.first()) {
        (false, _) => {
            let tls = Tls {
                certificates,
                clients: None,
                handshake: Handshake::default(),
            };
            Ok(match protocol {
                Protocol::Tls => Speaks::TlsTerminate(tls),
                _ => Speaks::Https(tls),
            })
        }
        (true, Some(_)) => Err(Problem::new(
            ListenerProgrammed::Invalid,
            format!("{field}.tls.certificateRefs"),
            "none of the certificates can be used",
        )),
        (true, None) => Err(Problem::new(
            ListenerProgrammed::InvalidTLSConfig,
            format!("{field}.tls.certificateRefs"),
            format!("protocol {protocol} needs at least one certificate, found none"),
        )),
    }
}

/// Fields whose neglect would leave a listener less guarded than its author asked for: it is
/// refused instead.
fn refused(listener: &Listener, field: &str) -> Vec<Problem<ListenerAccepted>> {
    let reason = ListenerAccepted::UnsupportedValue;
    let mut refused = Vec::new();
    let is_passed_on = is_passed_on(listener);
    if let Some(ListenerTls {
        mode: _,
        options,
        certificate_refs: _,
    }) = &listener.tls
    {
        if is_passed_on && listener.protocol == Protocol::Https {
            let message =
                "expected mode Terminate, the only one of protocol HTTPS, found Passthrough";
            refused.push(Problem::new(reason, format!("{field}.tls.mode"), message));
        }
        if let Some(option) = options.keys().find(|key| !is_supported(key)) {
            let message = format!("option {option:?} is not supported");
            refused.push(Problem::new(
                reason,
                format!("{field}.tls.options"),
                message,
            ));
        }
    }
    refused
}

/// Is it an option that has a meaning here?
fn is_supported(option: &str) -> bool {
    match option {
        #[cfg(feature = "k8s-gateway")]
        option if crate::k8s_gateway::is_tls_option(option) => true,
        _ => false,
    }
}
