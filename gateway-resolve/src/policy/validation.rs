//! How a backend is to prove who it is, wherever that is said: BackendTLSPolicy (GEP-1897), XBackend (GEP-4894).

use gateway_model::{
    Authorities, BackendTlsValidation, ConfigMap, Kind, LocalObjectReference, ObjectRef,
    SubjectAltName,
};

use crate::authorities;
use crate::gateway::certificates::core_hint;
use crate::ir::{self, BackendTls, PeerName};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};

/// What is asked of a backend that is connected to by TLS.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What keeps it from being accepted.
    pub(crate) refused: Vec<Problem<PolicyAccepted>>,
    /// The references that do not resolve.
    pub(crate) unresolved: Vec<Problem<PolicyResolvedRefs>>,
    /// What is asked; `None` when it is refused: nothing is sent to the backend.
    pub(crate) tls: Option<BackendTls>,
}

/// Where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The namespace of the object, and of all that it refers to.
    pub(crate) namespace: &'a str,
    /// The field of it.
    pub(crate) field: &'a str,
}

/// Reads what is written; `outcome` has what was found of the object before.
pub(crate) fn validate(
    written: &BackendTlsValidation,
    place: Place<'_>,
    reader: &Reader<'_>,
    mut outcome: Outcome,
) -> Outcome {
    let BackendTlsValidation {
        authorities,
        hostname,
        subject_alt_names,
    } = written;
    if hostname.is_wildcard() {
        let message = format!("expected a hostname without a wildcard, found {hostname:?}");
        outcome.invalid(place, "hostname", message);
    }
    let names: Option<Vec<_>> = subject_alt_names.iter().map(name).collect();
    if names.is_none() {
        let message = "a type of name is not supported".to_owned();
        outcome.invalid(place, "subjectAltNames", message);
    }
    let authorities = match authorities {
        Authorities::WellKnown(set) => well_known(set, place, &mut outcome),
        Authorities::Certificates(references) => {
            certificates(references, place, reader, &mut outcome)
        }
    };
    if let (Some(authorities), Some(names), true) = (authorities, names, outcome.refused.is_empty())
    {
        outcome.tls = Some(BackendTls {
            server_name: Some(hostname.clone()),
            names,
            authorities,
            handshake: ir::Handshake::default(),
            alpn: Vec::new(),
            identity: None,
        });
    }
    outcome
}

impl Outcome {
    fn invalid(&mut self, place: Place<'_>, field: &str, message: String) {
        let field = format!("{}.{field}", place.field);
        let problem = Problem::new(PolicyAccepted::Invalid, field, message);
        self.refused.push(problem);
    }
}

fn name(name: &SubjectAltName) -> Option<PeerName> {
    match name {
        SubjectAltName::Hostname { hostname } => Some(PeerName::Dns(hostname.clone())),
        SubjectAltName::Uri { uri } => Some(PeerName::Uri(uri.as_str().into())),
        _ => None,
    }
}

fn well_known(set: &str, place: Place<'_>, outcome: &mut Outcome) -> Option<ir::Authorities> {
    if set == Authorities::SYSTEM {
        return Some(ir::Authorities::System);
    }
    let message = format!("expected {:?}, found {set:?}", Authorities::SYSTEM);
    outcome.invalid(place, "wellKnownCACertificates", message);
    None
}

/// The certificates of the references that resolve. Without any, the object is refused.
fn certificates(
    references: &[LocalObjectReference],
    place: Place<'_>,
    reader: &Reader<'_>,
    outcome: &mut Outcome,
) -> Option<ir::Authorities> {
    let mut found = Vec::new();
    for (index, reference) in references.iter().enumerate() {
        let field = format!("{}.caCertificateRefs[{index}]", place.field);
        match of_config_map(reference, place.namespace, field, reader) {
            Ok(certificates) => found.extend(certificates),
            Err(problem) => outcome.unresolved.push(problem),
        }
    }
    if !found.is_empty() {
        return Some(ir::Authorities::Certificates(found));
    }
    let refused = outcome.unresolved.iter();
    let refused = refused.map(|problem| problem.with_reason(PolicyAccepted::NoValidCaCertificate));
    outcome.refused.extend(refused);
    None
}

fn of_config_map(
    reference: &LocalObjectReference,
    namespace: &str,
    field: String,
    reader: &Reader<'_>,
) -> Result<Vec<Vec<u8>>, Problem<PolicyResolvedRefs>> {
    let LocalObjectReference { group, kind, name } = reference;
    if group != ConfigMap::GROUP || kind != ConfigMap::KIND {
        let message = format!(
            "expected a ConfigMap of the core group, found kind {kind:?} of group {group:?}{}",
            core_hint(group)
        );
        return Err(Problem::new(
            PolicyResolvedRefs::InvalidKind,
            field,
            message,
        ));
    }
    let object = ObjectRef::new(ConfigMap::GROUP, ConfigMap::KIND, namespace, name.as_str());
    let reason = PolicyResolvedRefs::InvalidCaCertificateRef;
    authorities::certificates(&object, reader, reason, &field)
}
