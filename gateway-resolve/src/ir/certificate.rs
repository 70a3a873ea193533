//! Certificates that listeners present.

use std::fmt;

use gateway_model::{Hostname, ObjectRef, Source};
use serde::{Deserialize, Serialize};

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Which certificate this is.
    pub id: CertificateId,
    /// Where it comes from.
    pub source: Source,
    /// DER, the end entity first; not empty.
    pub chain: Vec<Vec<u8>>,
    /// The key of the end entity.
    pub key: PrivateKey,
    /// The DNS names that the end entity is for (subject alternative names), ordered.
    pub names: Vec<Hostname>,
}

/// The identity of a certificate: the resource that holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateId(pub ObjectRef);

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A private key, DER. Serialised in full, since an IR may be served by another process; never
/// printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrivateKey {
    /// PKCS #8.
    Pkcs8(Vec<u8>),
    /// PKCS #1 (RSA).
    Pkcs1(Vec<u8>),
    /// SEC 1 (elliptic curve).
    Sec1(Vec<u8>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self {
            Self::Pkcs8(_) => "Pkcs8",
            Self::Pkcs1(_) => "Pkcs1",
            Self::Sec1(_) => "Sec1",
        };
        write!(f, "{form}([hidden])")
    }
}
