//! Certificates of an IR, as rustls takes them.

use gateway_resolve::ir::{Certificate, PrivateKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The chain, the end entity first.
pub(crate) fn chain(certificate: &Certificate) -> Vec<CertificateDer<'static>> {
    let chain = certificate.chain.iter();
    chain.map(|der| CertificateDer::from(der.clone())).collect()
}

/// The key of the end entity.
pub(crate) fn key(certificate: &Certificate) -> PrivateKeyDer<'static> {
    match &certificate.key {
        PrivateKey::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.clone().into()),
        PrivateKey::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.clone().into()),
        PrivateKey::Sec1(der) => PrivateKeyDer::Sec1(der.clone().into()),
    }
}
