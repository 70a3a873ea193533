//! The certificates that listeners refer to, each Secret read once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Kind, ObjectRef, Secret, SecretObjectReference};

use crate::ir::{Certificate, CertificateId};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ListenerResolvedRefs;

use super::key_pair::key_pair;
use super::owner::Merged;

/// The only type of Secret that holds certificates.
pub(crate) const SECRET_TYPE: &str = "kubernetes.io/tls";

/// The Secrets that listeners refer to and that exist: a certificate, or why there is none.
#[derive(Debug, Default)]
pub(crate) struct Certificates(BTreeMap<ObjectRef, KeyPair>);

/// The Secrets that were read last, each with what came of it: one that is the same is not parsed again.
#[derive(Debug, Default)]
pub(crate) struct KeyPairs(RefCell<BTreeMap<ObjectRef, (Arc<Secret>, KeyPair)>>);

/// A certificate, or why there is none.
type KeyPair = Result<Arc<Certificate>, String>;

/// Reads every Secret that a listener of a Gateway refers to and may refer to.
pub(crate) fn certificates(merged: &Merged, known: &KeyPairs, reader: &Reader<'_>) -> Certificates {
    let mut read = BTreeMap::new();
    for owner in &merged.owners {
        let from = owner.reference();
        let listeners = owner.listeners().iter();
        let references = listeners
            .filter_map(|listener| listener.tls.as_ref())
            .flat_map(|tls| &tls.certificate_refs);
        for reference in references {
            let secret = target(&from, reference);
            if is_secret(reference)
                && reader.permit(&from, &secret)
                && let Some(object) = reader.secret(&secret)
            {
                read.entry(secret)
                    .or_insert_with_key(|secret| known.get(object, secret));
            }
        }
    }
    Certificates(read)
}

impl KeyPairs {
    fn get(&self, object: &Arc<Secret>, secret: &ObjectRef) -> KeyPair {
        let mut known = self.0.borrow_mut();
        if let Some((same, pair)) = known.get(secret)
            && Arc::ptr_eq(same, object)
        {
            return pair.clone();
        }
        let pair = certificate(object, secret);
        known.insert(secret.clone(), (Arc::clone(object), pair.clone()));
        pair
    }

    /// Forgets the Secrets that are not read any more.
    pub(crate) fn retain(&mut self, is_read: impl Fn(&ObjectRef) -> bool) {
        self.0.get_mut().retain(|secret, _| is_read(secret));
    }
}

impl Certificates {
    /// The certificate that a listener of `from` refers to at `field`.
    ///
    /// Permission comes before existence: what is not permitted is not looked at (Listener `ResolvedRefs`, `RefNotPermitted`).
    pub(crate) fn get(
        &self,
        from: &ObjectRef,
        reference: &SecretObjectReference,
        reader: &Reader<'_>,
        field: &str,
    ) -> Result<&Arc<Certificate>, Problem<ListenerResolvedRefs>> {
        let invalid = |message: String| {
            Problem::new(ListenerResolvedRefs::InvalidCertificateRef, field, message)
        };
        if !is_secret(reference) {
            let (group, kind) = (&reference.group, &reference.kind);
            return Err(invalid(format!(
                "expected a Secret of the core group, found kind {kind:?} of group {group:?}{}",
                core_hint(group)
            )));
        }
        let secret = target(from, reference);
        if !reader.permit(from, &secret) {
            let message = not_permitted(from, &secret);
            return Err(Problem::new(
                ListenerResolvedRefs::RefNotPermitted,
                field,
                message,
            ));
        }
        match self.0.get(&secret) {
            Some(Ok(certificate)) => Ok(certificate),
            Some(Err(message)) => Err(invalid(message.clone())),
            None => Err(invalid(format!("{secret} does not exist")).missing(secret)),
        }
    }
}

/// How the core group is written, for who writes it as it is called.
pub(crate) fn core_hint(group: &str) -> &'static str {
    match group {
        "core" => "; the core group is written as group: \"\"",
        _ => "",
    }
}

/// What to tell the author of a reference across namespaces that no grant allows.
pub(crate) fn not_permitted(from: &ObjectRef, to: &ObjectRef) -> String {
    format!(
        "no ReferenceGrant in namespace {} allows references from {} of namespace {} to {to}",
        to.namespace, from.kind, from.namespace
    )
}

pub(super) fn is_secret(reference: &SecretObjectReference) -> bool {
    reference.group.is_empty() && reference.kind == "Secret"
}

pub(crate) fn target(from: &ObjectRef, reference: &SecretObjectReference) -> ObjectRef {
    let namespace = reference.namespace.as_deref().unwrap_or(&from.namespace);
    ObjectRef::new(
        Secret::GROUP,
        Secret::KIND,
        namespace,
        reference.name.as_str(),
    )
}

/// The certificate that a Secret holds.
pub(crate) fn certificate(
    secret: &Secret,
    reference: &ObjectRef,
) -> Result<Arc<Certificate>, String> {
    if secret.type_ != SECRET_TYPE {
        return Err(format!(
            "{reference}: expected type {SECRET_TYPE}, found {:?}",
            secret.type_
        ));
    }
    let entry = |key: &str| match secret.data.get(key) {
        Some(bytes) => Ok(bytes.as_bytes()),
        None => Err(format!("{reference}: expected an entry {key}, found none")),
    };
    let pair = key_pair(entry("tls.crt")?, entry("tls.key")?)
        .map_err(|error| format!("{reference}: {error}"))?;
    Ok(Arc::new(Certificate {
        id: CertificateId(reference.clone()),
        source: secret.source(),
        chain: pair.chain,
        key: pair.key,
        names: pair.names,
    }))
}
