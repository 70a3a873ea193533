//! The certificate that a client has shown, as it is told of.

use std::fmt::Write as _;

use gateway_resolve::ir::{CertificateNotice, CertificatePart};
use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::CertificateDer;

/// What is told of a certificate, and of those that lead from it to an authority. `None`: nothing.
pub(crate) fn notice(notice: &CertificateNotice, shown: &[CertificateDer<'_>]) -> Option<String> {
    let leaf = shown.first()?;
    let mut text = format!("Hash={}", fingerprint(leaf)?);
    if let CertificateNotice::Told { parts, .. } = notice {
        for part in parts {
            let _never_fails = match part {
                CertificatePart::Whole => write!(text, ";Cert=\"{}\"", parts::pem(&shown[..1])),
                CertificatePart::Chain => write!(text, ";Chain=\"{}\"", parts::pem(shown)),
                CertificatePart::Subject => write!(text, ";Subject=\"{}\"", parts::subject(leaf)),
                CertificatePart::Uris => put_all(&mut text, "URI", &parts::uris(leaf)),
                CertificatePart::Names => put_all(&mut text, "DNS", &parts::names(leaf)),
            };
        }
    }
    Some(text)
}

fn put_all(text: &mut String, name: &str, values: &[String]) -> std::fmt::Result {
    values
        .iter()
        .try_for_each(|value| write!(text, ";{name}={value}"))
}

/// SHA-256, as hexadecimal digits.
fn fingerprint(certificate: &CertificateDer<'_>) -> Option<String> {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else {
        return None;
    };
    let hash = suite.common.hash_provider.hash(certificate);
    let mut digits = String::with_capacity(64);
    for byte in hash.as_ref() {
        let _never_fails = write!(digits, "{byte:02x}");
    }
    Some(digits)
}

#[cfg(feature = "certificates")]
mod parts {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rustls::pki_types::CertificateDer;
    use x509_parser::extensions::GeneralName;
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    /// Certificates as PEM, URL-encoded.
    pub(super) fn pem(certificates: &[CertificateDer<'_>]) -> String {
        let mut text = String::new();
        for certificate in certificates {
            text.push_str("-----BEGIN%20CERTIFICATE-----%0A");
            let encoded = STANDARD.encode(certificate);
            for line in encoded.as_bytes().chunks(64) {
                let line = String::from_utf8_lossy(line);
                let line = line
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D");
                text.push_str(&line);
                text.push_str("%0A");
            }
            text.push_str("-----END%20CERTIFICATE-----%0A");
        }
        text
    }

    /// RFC 2253: the last part first.
    pub(super) fn subject(certificate: &CertificateDer<'_>) -> String {
        let Ok((_, read)) = X509Certificate::from_der(certificate) else {
            return String::new();
        };
        let registry = x509_parser::objects::oid_registry();
        let parts = read.subject().iter_rdn().map(|part| {
            let attributes = part.iter().map(|attribute| {
                let name = x509_parser::objects::oid2abbrev(attribute.attr_type(), registry);
                let name =
                    name.map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
                let value = attribute.as_str().unwrap_or_default();
                format!("{name}={}", escaped(value))
            });
            attributes.collect::<Vec<_>>().join("+")
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().rev().collect::<Vec<_>>().join(",")
    }

    /// RFC 2253 section 2.4, within quotes.
    fn escaped(value: &str) -> String {
        let mut text = String::with_capacity(value.len());
        for character in value.chars().filter(|character| !character.is_control()) {
            if ",+\"\\<>;".contains(character) {
                text.push('\\');
            }
            text.push(character);
        }
        text
    }

    pub(super) fn uris(certificate: &CertificateDer<'_>) -> Vec<String> {
        alternatives(certificate, |name| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        })
    }

    pub(super) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
        alternatives(certificate, |name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
    }

    /// Those that hold nothing that could end their part of the header.
    fn alternatives(
        certificate: &CertificateDer<'_>,
        kind: impl Fn(&GeneralName<'_>) -> Option<String>,
    ) -> Vec<String> {
        let Ok((_, read)) = X509Certificate::from_der(certificate) else {
            return Vec::new();
        };
        let Ok(Some(names)) = read.subject_alternative_name() else {
            return Vec::new();
        };
        let is_plain = |name: &String| {
            name.bytes()
                .all(|byte| byte.is_ascii_graphic() && !b",;=\"".contains(&byte))
        };
        names
            .value
            .general_names
            .iter()
            .filter_map(kind)
            .filter(is_plain)
            .collect()
    }
}

#[cfg(not(feature = "certificates"))]
mod parts {
    use rustls::pki_types::CertificateDer;

    pub(super) fn pem(_: &[CertificateDer<'_>]) -> String {
        String::new()
    }

    pub(super) fn subject(_: &CertificateDer<'_>) -> String {
        String::new()
    }

    pub(super) fn uris(_: &CertificateDer<'_>) -> Vec<String> {
        Vec::new()
    }

    pub(super) fn names(_: &CertificateDer<'_>) -> Vec<String> {
        Vec::new()
    }
}
