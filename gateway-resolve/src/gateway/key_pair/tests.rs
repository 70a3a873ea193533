use rcgen::{CertifiedKey, KeyPair as Key, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};

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
