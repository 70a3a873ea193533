//! What a TLS handshake is narrowed to.

use serde::{Deserialize, Serialize};

/// Bounds of TLS handshakes, within what the data plane implements.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Handshake {
    /// The only version that is spoken; all are when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<TlsVersion>,
    /// The cipher suites of TLS 1.2 that may be chosen; all when empty. Those of TLS 1.3 are not narrowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<CipherSuite>,
    /// The groups that keys may be exchanged in, the preferred first; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl Handshake {
    /// Nothing is narrowed?
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}

/// A cipher suite of TLS 1.2 with forward secrecy and authenticated encryption (RFC 5289, RFC 7905).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is named as its suite")]
pub enum CipherSuite {
    EcdheEcdsaAes128Gcm,
    EcdheEcdsaAes256Gcm,
    EcdheEcdsaChacha20Poly1305,
    EcdheRsaAes128Gcm,
    EcdheRsaAes256Gcm,
    EcdheRsaChacha20Poly1305,
}

/// A group for the exchange of keys (RFC 8422, RFC 7748).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Group {
    /// Curve25519.
    X25519,
    /// NIST P-256, secp256r1.
    #[serde(rename = "P-256")]
    P256,
    /// NIST P-384, secp384r1.
    #[serde(rename = "P-384")]
    P384,
}
