use rcgen::{CertifiedKey, KeyPair as Key, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};

use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

use super::der::{rsa_size, supported};
use super::{KeyPairError, key_pair};
use crate::ir::PrivateKey;

fn made(names: &[&str]) -> (String, String) {
    let names = names
        .iter()
        .map(|name| (*name).to_owned())
        .collect::<Vec<_>>();
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

#[test]
fn a_chain_is_read_with_its_key_and_the_names_of_its_first_certificate() {
    let (leaf, key) = made(&["B.example.com", "a.example.com", "*.example.com"]);
    let (issuer, _) = made(&["issuer.example.com"]);
    let pair = key_pair(format!("{leaf}{issuer}").as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(pair.chain.len(), 2);
    assert!(matches!(pair.key, PrivateKey::Pkcs8(_)));
    let names: Vec<_> = pair.names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["a.example.com", "b.example.com", "*.example.com"]);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let key = Key::generate_for(algorithm).unwrap();
        let other = Key::generate_for(algorithm).unwrap().serialize_pem();
        let parameters = rcgen::CertificateParams::new(["a.example.com".to_owned()]).unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        let own = key.serialize_pem();
        assert!(key_pair(certificate.as_bytes(), own.as_bytes()).is_ok());
        let mismatch = key_pair(certificate.as_bytes(), other.as_bytes());
        assert_eq!(mismatch, Err(KeyPairError::Mismatch));
    }
}

#[test]
fn what_is_not_a_key_pair_is_told_apart() {
    let (certificate, key) = made(&["a.example.com"]);
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let garbage = block("CERTIFICATE", "aGVsbG8=");
    let encrypted = block("ENCRYPTED PRIVATE KEY", "aGVsbG8=");
    let bad_key = block("PRIVATE KEY", "aGVsbG8=");
    let second_bad = format!("{certificate}{garbage}");
    let rows = [
        ("", key.as_str(), KeyPairError::NoCertificate),
        (key.as_str(), key.as_str(), KeyPairError::NoCertificate),
        (
            garbage.as_str(),
            key.as_str(),
            KeyPairError::BadCertificate(0),
        ),
        (
            second_bad.as_str(),
            key.as_str(),
            KeyPairError::BadCertificate(1),
        ),
        (certificate.as_str(), "", KeyPairError::NoKey),
        (
            certificate.as_str(),
            certificate.as_str(),
            KeyPairError::NoKey,
        ),
        (
            certificate.as_str(),
            encrypted.as_str(),
            KeyPairError::EncryptedKey,
        ),
        (certificate.as_str(), bad_key.as_str(), KeyPairError::BadKey),
    ];
    for (certificates, key, want) in rows {
        let error = key_pair(certificates.as_bytes(), key.as_bytes()).unwrap_err();
        assert_eq!(error, want);
        assert!(!error.to_string().contains("aGVsbG8"), "{error}");
    }
}

/// Clients judge validity; a gateway that stopped serving would only hide the reason from them.
#[test]
fn a_certificate_that_has_expired_is_read_all_the_same() {
    let key = Key::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(["a.example.com".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    assert!(key_pair(certificate.as_bytes(), key.serialize_pem().as_bytes()).is_ok());
}

/// A certificate whose public key has this DER inside its `SubjectPublicKeyInfo`'s algorithm.
fn patched(from: &[u8], to: &[u8]) -> Result<(), KeyPairError> {
    let key = Key::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let parameters = rcgen::CertificateParams::new(["a.example.com".to_owned()]).unwrap();
    let mut der = parameters.self_signed(&key).unwrap().der().to_vec();
    let starts: Vec<_> = (0..der.len() - from.len())
        .filter(|at| der[*at..].starts_with(from))
        .collect();
    assert_eq!(starts.len(), 1);
    der.splice(starts[0]..starts[0] + from.len(), to.iter().copied());
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    supported(&certificate)
}

/// What the TLS provider loads: rustls' `ring` signs with RSA of 2048 to 4096 bits, P-256, P-384, Ed25519.
#[test]
fn keys_that_no_handshake_can_be_signed_with_are_named() {
    // OIDs of the same length, so that no length around them changes (RFC 5480 section 2.1.1.1).
    let p256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let p239: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x04];
    assert_eq!(patched(p256, p256), Ok(()));
    let other = KeyPairError::Unsupported("EC (of this curve)");
    assert_eq!(patched(p256, p239), Err(other));
    for (bits, fits) in [
        (1024, false),
        (2048, true),
        (3072, true),
        (4096, true),
        (8192, false),
    ] {
        let mut modulus = vec![0xff; bits / 8];
        modulus.insert(0, 0);
        let want = if fits {
            Ok(())
        } else {
            Err(KeyPairError::RsaSize(bits))
        };
        assert_eq!(rsa_size(&modulus), want);
    }
}

#[test]
fn a_chain_that_is_cut_short_is_not_taken_for_a_shorter_one() {
    let (leaf, key) = made(&["a.example.com"]);
    let (issuer, _) = made(&["issuer.example.com"]);
    let cut = format!("{leaf}{}", &issuer[..issuer.len() / 2]);
    let error = key_pair(cut.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(error, KeyPairError::CutShort("tls.crt"));
}
