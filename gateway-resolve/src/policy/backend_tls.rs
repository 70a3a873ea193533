//! What a BackendTLSPolicy comes to (GEP-1897).

use gateway_model::{
    Authorities, BackendTlsPolicy, BackendTlsPolicySpec, BackendTlsValidation, ConfigMap, Kind,
    LocalObjectReference, ObjectRef, PolicyStatus, PolicyTarget, SubjectAltName,
};

use crate::authorities;
use crate::gateway::certificates::core_hint;
use crate::index::Index;
use crate::ir::{self, BackendId, BackendTls, PeerName};
use crate::problem::{Problem, texts};
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};
use crate::{Snapshot, Store};

use super::{Judged, Policy, Targeting, effective, not_understood};

impl Targeting for BackendTlsPolicy {
    fn targets(&self) -> &[PolicyTarget] {
        &self.spec.target_refs
    }
}

impl Policy for BackendTlsPolicy {
    fn stored(&self) -> &PolicyStatus {
        &self.status
    }

    fn all(snapshot: &Snapshot) -> &Store<Self> {
        snapshot.backend_tls_policies()
    }

    fn by_target(snapshot: &Snapshot) -> &Index<Self> {
        &snapshot.backend_tls_by_target
    }

    fn judge(&self, reader: &Reader<'_>) -> Judged {
        let Outcome {
            refused,
            unresolved,
            tls: _,
        } = outcome(self, reader);
        Judged {
            refused,
            unresolved: Some(unresolved),
        }
    }
}

/// What a policy comes to, wherever it applies.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What keeps it from being accepted.
    pub(crate) refused: Vec<Problem<PolicyAccepted>>,
    /// The references of it that do not resolve.
    pub(crate) unresolved: Vec<Problem<PolicyResolvedRefs>>,
    /// What it asks for; `None` when it is refused: nothing is sent to what it is for.
    tls: Option<BackendTls>,
}

/// How a backend, whose port has that name, is connected to by TLS, or why it must not be sent anything; `None`
/// without a policy, and where there is no TLS.
pub(crate) fn of_backend(
    backend: &BackendId,
    port: &str,
    reader: &Reader<'_>,
) -> Option<Result<BackendTls, String>> {
    let service = Some(&backend.object).filter(|_| backend.transport.is_tcp())?;
    let policy = effective(reader.policies::<BackendTlsPolicy>(service), service, port)?;
    let Outcome { refused, tls, .. } = outcome(policy, reader);
    Some(tls.ok_or_else(|| format!("{}: {}", policy.reference(), texts(&refused))))
}

/// Reads a policy.
pub(crate) fn outcome(policy: &BackendTlsPolicy, reader: &Reader<'_>) -> Outcome {
    let BackendTlsPolicySpec {
        target_refs: _,
        validation,
        options: _,
        unread,
    } = &policy.spec;
    let mut outcome = Outcome {
        refused: unread.iter().map(not_understood).collect(),
        ..Outcome::default()
    };
    let Some(validation) = validation else {
        if outcome.refused.is_empty() {
            let message = "expected how the backend is to prove who it is, found nothing";
            let problem = Problem::new(PolicyAccepted::Invalid, "spec.validation", message);
            outcome.refused.push(problem);
        }
        return outcome;
    };
    let BackendTlsValidation {
        authorities,
        hostname,
        subject_alt_names,
    } = validation;
    if hostname.is_wildcard() {
        let message = format!("expected a hostname without a wildcard, found {hostname:?}");
        let field = "spec.validation.hostname";
        outcome
            .refused
            .push(Problem::new(PolicyAccepted::Invalid, field, message));
    }
    let names: Option<Vec<_>> = subject_alt_names.iter().map(name).collect();
    if names.is_none() {
        let field = "spec.validation.subjectAltNames";
        let message = "a type of name is not supported";
        outcome
            .refused
            .push(Problem::new(PolicyAccepted::Invalid, field, message));
    }
    let authorities = match authorities {
        Authorities::WellKnown(set) => well_known(set, &mut outcome),
        Authorities::Certificates(references) => {
            certificates(policy, references, reader, &mut outcome)
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

fn name(name: &SubjectAltName) -> Option<PeerName> {
    match name {
        SubjectAltName::Hostname { hostname } => Some(PeerName::Dns(hostname.clone())),
        SubjectAltName::Uri { uri } => Some(PeerName::Uri(uri.as_str().into())),
        _ => None,
    }
}

fn well_known(set: &str, outcome: &mut Outcome) -> Option<ir::Authorities> {
    if set == Authorities::SYSTEM {
        return Some(ir::Authorities::System);
    }
    let message = format!("expected {:?}, found {set:?}", Authorities::SYSTEM);
    let field = "spec.validation.wellKnownCACertificates";
    outcome
        .refused
        .push(Problem::new(PolicyAccepted::Invalid, field, message));
    None
}

/// The certificates of the references that resolve. Without any, the policy is refused.
fn certificates(
    policy: &BackendTlsPolicy,
    references: &[LocalObjectReference],
    reader: &Reader<'_>,
    outcome: &mut Outcome,
) -> Option<ir::Authorities> {
    let mut found = Vec::new();
    for (index, reference) in references.iter().enumerate() {
        let field = format!("spec.validation.caCertificateRefs[{index}]");
        match of_config_map(policy, reference, field, reader) {
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
    policy: &BackendTlsPolicy,
    reference: &LocalObjectReference,
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
    let namespace = policy.metadata.namespace.as_str();
    let object = ObjectRef::new(ConfigMap::GROUP, ConfigMap::KIND, namespace, name.as_str());
    let reason = PolicyResolvedRefs::InvalidCaCertificateRef;
    authorities::certificates(&object, reader, reason, &field)
}
