//! What a BackendTLSPolicy comes to (GEP-1897).

use gateway_model::{BackendTlsPolicy, BackendTlsPolicySpec, Kind, PolicyStatus, PolicyTarget};

use crate::Snapshot;
use crate::index::Index;
use crate::ir::{BackendId, BackendTls};
use crate::problem::{Problem, texts};
use crate::reader::Reader;
use crate::reason::PolicyAccepted;

use super::validation::{Outcome, Place, validate};
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
    let place = Place {
        namespace: policy.metadata.namespace.as_str(),
        field: "spec.validation",
    };
    validate(validation, place, reader, outcome)
}
