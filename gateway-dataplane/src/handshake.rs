//! What TLS handshakes are narrowed to.

use std::sync::Arc;

use gateway_resolve::ir::{CipherSuite, Group, Handshake, TlsVersion};
use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite as Id, NamedGroup, SupportedProtocolVersion};

/// What `handshake` leaves of `provider`, and the versions that may be agreed on.
pub(crate) fn narrowed(
    handshake: &Handshake,
    provider: &Arc<CryptoProvider>,
) -> (
    Arc<CryptoProvider>,
    &'static [&'static SupportedProtocolVersion],
) {
    let Handshake {
        version,
        cipher_suites,
        groups,
    } = handshake;
    let mut narrowed = CryptoProvider::clone(provider);
    let suites: Vec<_> = cipher_suites.iter().copied().map(suite).collect();
    if !suites.is_empty() {
        let is_left = |id| suites.contains(&id);
        let kept = |suite: &rustls::SupportedCipherSuite| {
            suite.tls13().is_some() || is_left(suite.suite())
        };
        narrowed.cipher_suites.retain(kept);
    }
    if !groups.is_empty() {
        let all = std::mem::take(&mut narrowed.kx_groups);
        let find = |named| all.iter().copied().find(|group| group.name() == named);
        narrowed.kx_groups = groups.iter().filter_map(|one| find(group(*one))).collect();
    }
    let versions = match version {
        None => rustls::ALL_VERSIONS,
        Some(TlsVersion::V1_2) => ONLY_1_2,
        Some(TlsVersion::V1_3) => ONLY_1_3,
    };
    (Arc::new(narrowed), versions)
}

static ONLY_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

fn suite(suite: CipherSuite) -> Id {
    match suite {
        CipherSuite::EcdheEcdsaAes128Gcm => Id::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheEcdsaAes256Gcm => Id::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheEcdsaChacha20Poly1305 => {
            Id::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        }
        CipherSuite::EcdheRsaAes128Gcm => Id::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheRsaAes256Gcm => Id::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheRsaChacha20Poly1305 => Id::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    }
}

fn group(group: Group) -> NamedGroup {
    match group {
        Group::X25519 => NamedGroup::X25519,
        Group::P256 => NamedGroup::secp256r1,
        Group::P384 => NamedGroup::secp384r1,
    }
}
