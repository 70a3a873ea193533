//! The certificate that a Gateway shows to backends (GEP-3155).

use gateway_model::{Gateway, Kind, ObjectRef, SecretObjectReference};

use crate::ir::{Certificate, CertificateId};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::GatewayResolvedRefs;

use super::certificates::{certificate, is_secret, not_permitted, target};

/// Which certificate it is, or why there is none: backends are then connected to without.
pub(crate) type ClientCertificate = Result<CertificateId, Problem<GatewayResolvedRefs>>;

const FIELD: &str = "spec.tls.backend.clientCertificateRef";

/// Reads `spec.tls.backend`; `None` where no certificate is asked for. In turn: kind, permission, existence.
pub(crate) fn client_certificate(
    gateway: &Gateway,
    reader: &Reader<'_>,
) -> Option<ClientCertificate> {
    let backend = gateway.spec.tls.as_ref()?.backend.as_ref()?;
    let reference = backend.client_certificate_ref.as_ref()?;
    Some(certificate_at(
        &gateway.reference(),
        reference,
        FIELD,
        reader,
    ))
}

/// The certificate that `from` refers to at `field`.
pub(crate) fn certificate_at(
    from: &ObjectRef,
    reference: &SecretObjectReference,
    field: &str,
    reader: &Reader<'_>,
) -> ClientCertificate {
    let problem = |reason, message| Problem::new(reason, field, message);
    let invalid = |message| problem(GatewayResolvedRefs::InvalidClientCertificateRef, message);
    if !is_secret(reference) {
        let (group, kind) = (&reference.group, &reference.kind);
        return Err(invalid(format!(
            "expected a Secret of the core group, found kind {kind:?} of group {group:?}"
        )));
    }
    let secret = target(from, reference);
    if !reader.permit(from, &secret) {
        let message = not_permitted(from, &secret);
        return Err(problem(GatewayResolvedRefs::RefNotPermitted, message));
    }
    let Some(object) = reader.secret(&secret) else {
        let problem = invalid(format!("{secret} does not exist"));
        return Err(problem.missing(secret));
    };
    match certificate(object, &secret) {
        Ok(_) => Ok(CertificateId(secret)),
        Err(message) => Err(invalid(message)),
    }
}

/// The certificate of that identity, as it is now.
pub(crate) fn shown(id: &CertificateId, reader: &Reader<'_>) -> Option<Certificate> {
    let CertificateId(secret) = id;
    let found = certificate(reader.secret(secret)?, secret).ok()?;
    Some(Certificate::clone(&found))
}
