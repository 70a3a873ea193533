//! A certificate chain and its private key, out of PEM.

#[cfg(feature = "certificates")]
mod der;
#[cfg(not(feature = "certificates"))]
#[path = "key_pair/unread.rs"]
mod der;

use gateway_model::Hostname;

use crate::ir::PrivateKey;

/// What a Secret of type `kubernetes.io/tls` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// DER, the end entity first; not empty.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The key of the end entity.
    pub(crate) key: PrivateKey,
    /// The DNS names of the end entity, ordered.
    pub(crate) names: Vec<Hostname>,
}

/// Why there is no [`KeyPair`]. Never holds any part of the key.
#[cfg_attr(
    not(feature = "certificates"),
    allow(dead_code, reason = "most is said by who reads certificates")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyPairError {
    #[error("tls.crt holds no PEM block CERTIFICATE")]
    NoCertificate,
    #[cfg(not(feature = "certificates"))]
    #[error("{}", UNREAD)]
    Unread,
    #[error("certificate {0} of tls.crt, counting from 0, is not an X.509 certificate")]
    BadCertificate(usize),
    #[error("tls.key holds no PEM block PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY")]
    NoKey,
    #[error("tls.key is encrypted; only unencrypted keys can be used")]
    EncryptedKey,
    #[error("tls.key is not a private key in the form that its PEM label names")]
    BadKey,
    #[error("tls.key is not the key of the first certificate of tls.crt")]
    Mismatch,
    #[error("{0} is cut short: a PEM block in it has no end")]
    CutShort(&'static str),
    #[error(
        "{0} keys are not supported; expected RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519"
    )]
    Unsupported(&'static str),
    #[error("RSA keys of {0} bits are not supported; expected 2048 to 4096")]
    RsaSize(usize),
}

/// Reads a chain and its key, and checks that they belong together where the key's encoding says.
pub(crate) fn key_pair(certificates: &[u8], key: &[u8]) -> Result<KeyPair, KeyPairError> {
    let chain = chain(certificates)?;
    let key = private_key(key)?;
    let names = der::names(&chain, &key)?;
    Ok(KeyPair { chain, key, names })
}

#[cfg(not(feature = "certificates"))]
const UNREAD: &str = "gateway-resolve was built without the feature certificates, and reads none";

/// Why there are no certificates of authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthoritiesError {
    #[error("expected PEM blocks CERTIFICATE, found none that is whole")]
    None,
    #[cfg(not(feature = "certificates"))]
    #[error("{}", UNREAD)]
    Unread,
    #[cfg(feature = "certificates")]
    #[error("certificate {0}, counting from 0, is not an X.509 certificate")]
    Bad(usize),
}

/// Reads certificates of authorities.
pub(crate) fn authorities(bytes: &[u8]) -> Result<Vec<Vec<u8>>, AuthoritiesError> {
    let found = chain(bytes).map_err(|_| AuthoritiesError::None)?;
    der::authorities(&found)?;
    Ok(found)
}

fn chain(bytes: &[u8]) -> Result<Vec<Vec<u8>>, KeyPairError> {
    let parsed = pem::parse_many(bytes).map_err(|_| KeyPairError::NoCertificate)?;
    let whole = parsed.len();
    let chain: Vec<_> = parsed
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(pem::Pem::into_contents)
        .collect();
    if blocks(bytes) != whole {
        return Err(KeyPairError::CutShort("tls.crt"));
    }
    match chain.is_empty() {
        true => Err(KeyPairError::NoCertificate),
        false => Ok(chain),
    }
}

/// How many PEM blocks begin.
fn blocks(bytes: &[u8]) -> usize {
    let begins = |line: &[u8]| line.trim_ascii_start().starts_with(b"-----BEGIN ");
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| begins(line))
        .count()
}

/// The first private key; other blocks, such as EC PARAMETERS, are skipped.
fn private_key(bytes: &[u8]) -> Result<PrivateKey, KeyPairError> {
    let blocks = pem::parse_many(bytes).map_err(|_| KeyPairError::NoKey)?;
    let block = blocks
        .into_iter()
        .find(|block| block.tag().ends_with("PRIVATE KEY"))
        .ok_or(KeyPairError::NoKey)?;
    if block.headers().get("DEK-Info").is_some() {
        return Err(KeyPairError::EncryptedKey);
    }
    match block.tag() {
        "PRIVATE KEY" => Ok(PrivateKey::Pkcs8(block.into_contents())),
        "RSA PRIVATE KEY" => Ok(PrivateKey::Pkcs1(block.into_contents())),
        "EC PRIVATE KEY" => Ok(PrivateKey::Sec1(block.into_contents())),
        "ENCRYPTED PRIVATE KEY" => Err(KeyPairError::EncryptedKey),
        _ => Err(KeyPairError::NoKey),
    }
}

#[cfg(test)]
#[cfg(feature = "certificates")]
mod tests;
