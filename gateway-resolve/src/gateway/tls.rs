//! The TLS of a listener: its certificates, and the fields that are not served.

use std::sync::Arc;

use gateway_model::{FrontendTlsConfig, Gateway, Listener, ListenerTls, TlsMode};

use crate::ir::{Certificate, Tls};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{ListenerAccepted, ListenerProgrammed, ListenerResolvedRefs};

use super::certificates::Certificates;
use super::listeners::Place;
use super::serving::Speaks;

/// What becomes of the TLS of one HTTPS listener.
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
}

/// Reads the TLS of the HTTPS listener at `field`.
pub(crate) fn listener_tls(
    place: &Place<'_>,
    listener: &Listener,
    field: &str,
    certificates: &Certificates,
    reader: &Reader<'_>,
) -> ListenerTlsOutcome {
    let mut usable = Vec::new();
    let mut unresolved = Vec::new();
    let owner = place.owner.reference();
    let references = listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
    for (index, reference) in references.enumerate() {
        let field = format!("{field}.tls.certificateRefs[{index}]");
        match certificates.get(&owner, reference, reader, &field) {
            Ok(certificate) => usable.push(Arc::clone(certificate)),
            Err(problem) => unresolved.push(problem),
        }
    }
    ListenerTlsOutcome {
        speaks: speaks(&usable, &unresolved, field),
        certificates: usable,
        unresolved,
        refused: refused(&place.gateway.object, listener, field),
    }
}

fn speaks(
    usable: &[Arc<Certificate>],
    unresolved: &[Problem<ListenerResolvedRefs>],
    field: &str,
) -> Result<Speaks, Problem<ListenerProgrammed>> {
    let certificates: Vec<_> = usable.iter().map(|c| c.id.clone()).collect();
    match (certificates.is_empty(), unresolved.first()) {
        (false, _) => Ok(Speaks::Https(Tls {
            certificates,
            clients: None,
        })),
        (true, Some(_)) => Err(Problem::new(
            ListenerProgrammed::Invalid,
            format!("{field}.tls.certificateRefs"),
            "none of the certificates can be used",
        )),
        (true, None) => Err(Problem::new(
            ListenerProgrammed::InvalidTLSConfig,
            format!("{field}.tls.certificateRefs"),
            "protocol HTTPS needs at least one certificate, found none",
        )),
    }
}

/// Fields whose neglect would leave a listener less guarded than its author asked for: it is
/// refused instead.
fn refused(gateway: &Gateway, listener: &Listener, field: &str) -> Vec<Problem<ListenerAccepted>> {
    let reason = ListenerAccepted::UnsupportedValue;
    let mut refused = Vec::new();
    if let Some(ListenerTls {
        mode,
        options,
        certificate_refs: _,
    }) = &listener.tls
    {
        if *mode != TlsMode::Terminate {
            let message =
                "expected mode Terminate, the only one of protocol HTTPS, found Passthrough";
            refused.push(Problem::new(reason, format!("{field}.tls.mode"), message));
        }
        if let Some(option) = options.keys().next() {
            let message = format!("expected no options, found {option:?}; no option is supported");
            refused.push(Problem::new(
                reason,
                format!("{field}.tls.options"),
                message,
            ));
        }
    }
    if let Some((
        field,
        FrontendTlsConfig {
            validation: Some(_),
        },
    )) = frontend(gateway, listener)
    {
        let message = "validation of client certificates is not supported; \
                       HTTPS listeners of this port are not served rather than left open";
        refused.push(Problem::new(reason, format!("{field}.validation"), message));
    }
    refused
}

/// The settings towards clients that apply to a listener: those of its port, else the default ones.
fn frontend<'a>(
    gateway: &'a Gateway,
    listener: &Listener,
) -> Option<(String, &'a FrontendTlsConfig)> {
    let frontend = gateway.spec.tls.as_ref()?.frontend.as_ref()?;
    let mut ports = frontend.per_port.iter().enumerate();
    Some(match ports.find(|(_, entry)| entry.port == listener.port) {
        Some((index, entry)) => (
            format!("spec.tls.frontend.perPort[{index}].tls"),
            &entry.tls,
        ),
        None => ("spec.tls.frontend.default".to_owned(), &frontend.default),
    })
}
