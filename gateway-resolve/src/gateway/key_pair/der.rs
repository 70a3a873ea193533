//! What is in certificates and keys, as DER.

use gateway_model::Hostname;
use x509_parser::asn1_rs::{Any, BitString, FromDer, Integer, OctetString, Oid, Sequence};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::public_key::PublicKey;

use super::{AuthoritiesError, KeyPairError};
use crate::ir::PrivateKey;

/// The DNS names that the first certificate of a chain is for, if it can be served with this key.
pub(super) fn names(chain: &[Vec<u8>], key: &PrivateKey) -> Result<Vec<Hostname>, KeyPairError> {
    if let Some(bad) = first_bad(chain) {
        return Err(KeyPairError::BadCertificate(bad));
    }
    let first = chain.first().and_then(|first| certificate(first));
    let end_entity = first.ok_or(KeyPairError::NoCertificate)?;
    supported(&end_entity)?;
    match belongs(key, &end_entity)? {
        true => Ok(host_names(&end_entity)),
        false => Err(KeyPairError::Mismatch),
    }
}

/// Checks that all of these are certificates.
pub(super) fn authorities(found: &[Vec<u8>]) -> Result<(), AuthoritiesError> {
    match first_bad(found) {
        Some(bad) => Err(AuthoritiesError::Bad(bad)),
        None => Ok(()),
    }
}

/// The position of the first that is not a certificate.
fn first_bad(chain: &[Vec<u8>]) -> Option<usize> {
    chain.iter().position(|der| certificate(der).is_none())
}

fn certificate(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

/// Holds the key of a certificate against what TLS providers sign with.
pub(super) fn supported(certificate: &X509Certificate<'_>) -> Result<(), KeyPairError> {
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

pub(super) fn rsa_size(modulus: &[u8]) -> Result<(), KeyPairError> {
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

/// The DNS names that a certificate is for. Names that are no host names, such as `*`, are left out.
fn host_names(certificate: &X509Certificate<'_>) -> Vec<Hostname> {
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
