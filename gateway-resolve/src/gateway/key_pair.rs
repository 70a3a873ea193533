//! A certificate chain and its private key, out of PEM.

use gateway_model::Hostname;
use x509_parser::asn1_rs::{Any, BitString, FromDer, Integer, OctetString, Oid, Sequence};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::public_key::PublicKey;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyPairError {
    #[error("tls.crt holds no PEM block CERTIFICATE")]
    NoCertificate,
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
    let end_entity = certificate(&chain, 0)?;
    for index in 1..chain.len() {
        certificate(&chain, index)?;
    }
    supported(&end_entity)?;
    let names = names(&end_entity);
    match belongs(&key, &end_entity)? {
        true => Ok(KeyPair { names, chain, key }),
        false => Err(KeyPairError::Mismatch),
    }
}

/// Why there are no certificates of authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthoritiesError {
    #[error("expected PEM blocks CERTIFICATE, found none that is whole")]
    None,
    #[error("certificate {0}, counting from 0, is not an X.509 certificate")]
    Bad(usize),
}

/// Reads certificates of authorities.
pub(crate) fn authorities(bytes: &[u8]) -> Result<Vec<Vec<u8>>, AuthoritiesError> {
    let found = chain(bytes).map_err(|_| AuthoritiesError::None)?;
    match (0..found.len()).find(|index| certificate(&found, *index).is_err()) {
        Some(bad) => Err(AuthoritiesError::Bad(bad)),
        None => Ok(found),
    }
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

/// Holds the key of a certificate against what TLS providers sign with.
fn supported(certificate: &X509Certificate<'_>) -> Result<(), KeyPairError> {
    let info = certificate.public_key();
    let parameters = || info.algorithm.parameters.as_ref()?.as_oid().ok();
    let unsupported = |kind| Err(KeyPairError::Unsupported(kind));
    match info.algorithm.algorithm.to_id_string().as_str() {
        RSA_ENCRYPTION => match info.parsed() {
            Ok(PublicKey::RSA(rsa)) => rsa_size(rsa.modulus),
            _ => Err(KeyPairError::BadCertificate(0)),
        },
        EC_PUBLIC_KEY => match parameters().map(|curve| curve.to_id_string()).as_deref() {
            Some(P256 | P384) => Ok(()),
            Some(P521) => unsupported("P-521"),
            Some(SECP256K1) => unsupported("secp256k1"),
            _ => unsupported("EC (of this curve)"),
        },
        ED25519 => Ok(()),
        ED448 => unsupported("Ed448"),
        RSA_PSS => unsupported("RSA-PSS"),
        DSA => unsupported("DSA"),
        _ => unsupported("such (of this algorithm)"),
    }
}

fn rsa_size(modulus: &[u8]) -> Result<(), KeyPairError> {
    let modulus = unsigned(modulus);
    let leading = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    match (2048..=4096).contains(&bits) {
        true => Ok(()),
        false => Err(KeyPairError::RsaSize(bits)),
    }
}

fn certificate(chain: &[Vec<u8>], index: usize) -> Result<X509Certificate<'_>, KeyPairError> {
    match X509Certificate::from_der(&chain[index]) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(KeyPairError::BadCertificate(index)),
    }
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

/// The DNS names that a certificate is for. Names that are no host names, such as `*`, are left out.
fn names(certificate: &X509Certificate<'_>) -> Vec<Hostname> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let mut names: Vec<_> = extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Hostname::new(&name.to_ascii_lowercase()).ok(),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Does the key belong to the certificate? Also when the key's encoding does not hold its public
/// half, which it need not for elliptic curves.
fn belongs(key: &PrivateKey, certificate: &X509Certificate<'_>) -> Result<bool, KeyPairError> {
    let half = match key {
        PrivateKey::Pkcs1(der) => rsa_modulus(der),
        PrivateKey::Sec1(der) => curve_point(der),
        PrivateKey::Pkcs8(der) => pkcs8(der),
    };
    let info = certificate.public_key();
    let public = info.parsed().map_err(|_| KeyPairError::BadCertificate(0))?;
    Ok(match (half.ok_or(KeyPairError::BadKey)?, public) {
        (PublicHalf::Modulus(modulus), PublicKey::RSA(rsa)) => modulus == unsigned(rsa.modulus),
        (PublicHalf::Point(point), PublicKey::EC(ec)) => point == ec.data(),
        (PublicHalf::Raw(raw), PublicKey::Unknown(bits)) => raw == bits,
        (PublicHalf::Unknown, PublicKey::RSA(_)) => false,
        (PublicHalf::Unknown, _) => true,
        _ => false,
    })
}

/// What a private key says of its public half.
enum PublicHalf {
    /// An RSA modulus, big endian, without leading zeros.
    Modulus(Vec<u8>),
    /// A point on a curve.
    Point(Vec<u8>),
    /// A public key as certificates hold it.
    Raw(Vec<u8>),
    /// Nothing.
    Unknown,
}

fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes[zeros..].to_vec()
}

/// RFC 8017: `RSAPrivateKey ::= SEQUENCE { version, modulus, .. }`.
fn rsa_modulus(der: &[u8]) -> Option<PublicHalf> {
    let (_, sequence) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&sequence.content).ok()?;
    let (_, modulus) = Integer::from_der(rest).ok()?;
    Some(PublicHalf::Modulus(unsigned(modulus.as_ref())))
}

/// RFC 5915: `ECPrivateKey ::= SEQUENCE { version, key, [0] curve OPTIONAL, [1] point OPTIONAL }`.
fn curve_point(der: &[u8]) -> Option<PublicHalf> {
    let (_, sequence) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&sequence.content).ok()?;
    let (mut rest, _key) = OctetString::from_der(rest).ok()?;
    while let Ok((tail, field)) = Any::from_der(rest) {
        if field.tag().0 == 1 {
            let (_, point) = BitString::from_der(field.data).ok()?;
            return Some(PublicHalf::Point(point.data.to_vec()));
        }
        rest = tail;
    }
    Some(PublicHalf::Unknown)
}

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const P521: &str = "1.3.132.0.35";
const SECP256K1: &str = "1.3.132.0.10";
const ED25519: &str = "1.3.101.112";
const ED448: &str = "1.3.101.113";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const DSA: &str = "1.2.840.10040.4.1";

/// RFC 5958: `SEQUENCE { version, algorithm, key OCTET STRING, .., [1] public key OPTIONAL }`.
fn pkcs8(der: &[u8]) -> Option<PublicHalf> {
    let (_, sequence) = Sequence::from_der(der).ok()?;
    let (rest, _version) = Integer::from_der(&sequence.content).ok()?;
    let (rest, algorithm) = Sequence::from_der(rest).ok()?;
    let (_, identifier) = Oid::from_der(&algorithm.content).ok()?;
    let (mut rest, key) = OctetString::from_der(rest).ok()?;
    match identifier.to_id_string().as_str() {
        RSA_ENCRYPTION => return rsa_modulus(key.as_ref()),
        EC_PUBLIC_KEY => return curve_point(key.as_ref()),
        _ => {}
    }
    while let Ok((tail, field)) = Any::from_der(rest) {
        // The bit string is tagged implicitly, by some writers explicitly; its first byte counts
        // unused bits.
        match (field.tag().0, field.data) {
            (1, [0, public @ ..] | [3, _, 0, public @ ..]) => {
                return Some(PublicHalf::Raw(public.to_vec()));
            }
            _ => rest = tail,
        }
    }
    Some(PublicHalf::Unknown)
}

#[cfg(test)]
mod tests;
