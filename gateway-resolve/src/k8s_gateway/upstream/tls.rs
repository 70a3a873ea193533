//! TLS towards Upstreams.

use std::net::IpAddr;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{ResourceRef, SslConfig, SslParameters, SslVersion};
use gateway_model::{Hostname, Kind, ObjectRef, Secret};

use crate::gateway::certificates::{SECRET_TYPE, certificate};
use crate::gateway::key_pair::authorities;
use crate::ir::{Authorities, BackendTls, Certificate, Handshake, PeerName, TlsVersion};
use crate::reader::Reader;

use crate::k8s_gateway::tls_options::{cipher_suite, group};

/// TLS with whoever answers.
pub(in crate::k8s_gateway) fn unverified() -> BackendTls {
    BackendTls {
        server_name: None,
        names: vec![],
        authorities: Authorities::Unverified,
        handshake: Handshake::default(),
        alpn: vec![],
        identity: None,
    }
}

/// How an Upstream is connected to. Without an authority whoever answers is believed; with one any name is, unless
/// there are names to hold the certificate against.
pub(in crate::k8s_gateway) fn tls(
    written: &SslConfig,
    reader: &Reader<'_>,
) -> Result<BackendTls, FieldError> {
    let unsupported = |name| FieldError::new("is not supported").within(name);
    for (name, is_set) in [
        ("sslFiles", written.ssl_files.is_some()),
        ("sds", written.sds.is_some()),
    ] {
        if is_set {
            return Err(unsupported(name));
        }
    }
    let held = match &written.secret_ref {
        None => Held::default(),
        Some(reference) => held(reference, reader).map_err(|error| error.within("secretRef"))?,
    };
    let names = written.verify_subject_alt_name.iter();
    let names: Option<Vec<_>> = names.map(|name| peer_name(name)).collect();
    let at = "verifySubjectAltName";
    let names =
        names.ok_or_else(|| FieldError::new("expected names, URIs or addresses").within(at))?;
    let (authorities, names) = match (held.authorities, names) {
        (None, names) if names.is_empty() => (Authorities::Unverified, names),
        (None, _) => {
            let what = "a root_ca must be provided if verify_subject_alt_name is not empty";
            return Err(FieldError::new(what).within(at));
        }
        (Some(found), names) if names.is_empty() => {
            (Authorities::Certificates(found), vec![PeerName::Any])
        }
        (Some(found), names) => (Authorities::Certificates(found), names),
    };
    let server_name = match written.sni.as_str() {
        "" => None,
        name => Some(host(name).map_err(|error| error.within("sni"))?),
    };
    let handshake = handshake(&written.parameters).map_err(|error| error.within("parameters"))?;
    Ok(BackendTls {
        server_name,
        names,
        authorities,
        handshake,
        alpn: written
            .alpn_protocols
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        identity: held.identity.filter(|_| !written.one_way_tls),
    })
}

fn host(name: &str) -> Result<Hostname, FieldError> {
    let host = Hostname::new(&name.to_ascii_lowercase()).ok();
    let host = host.filter(|host| !host.is_wildcard());
    host.ok_or_else(|| FieldError::new(format!("expected the name of a host, found {name:?}")))
}

fn peer_name(name: &str) -> Option<PeerName> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(PeerName::Address(address));
    }
    match name.contains(':') {
        true => Some(PeerName::Uri(name.into())),
        false => Some(PeerName::Dns(
            Hostname::new(&name.to_ascii_lowercase()).ok()?,
        )),
    }
}

/// What a Secret holds for TLS.
#[derive(Default)]
struct Held {
    identity: Option<Certificate>,
    authorities: Option<Vec<Vec<u8>>>,
}

/// Reads a Secret of any namespace, without a grant. A certificate may be missing, or the
/// authorities.
fn held(reference: &ResourceRef, reader: &Reader<'_>) -> Result<Held, FieldError> {
    let (namespace, name) = (reference.namespace.as_str(), reference.name.as_str());
    let object = ObjectRef::new(Secret::GROUP, Secret::KIND, namespace, name);
    let wrong = |what: String| FieldError::new(format!("{object}: {what}"));
    let secret = reader.secret(&object);
    let secret = secret.ok_or_else(|| FieldError::new(format!("{object} does not exist")))?;
    if secret.type_ != SECRET_TYPE {
        let found = &secret.type_;
        return Err(wrong(format!(
            "expected type {SECRET_TYPE}, found {found:?}"
        )));
    }
    let entry = |name: &str| {
        let bytes = secret.data.get(name).map(|entry| entry.as_bytes());
        bytes.filter(|bytes| !bytes.trim_ascii().is_empty())
    };
    let identity = match entry("tls.crt").or_else(|| entry("tls.key")) {
        None => None,
        Some(_) => Some(Certificate::clone(
            &*certificate(secret, &object).map_err(wrong)?,
        )),
    };
    let authorities = entry("ca.crt").map(authorities).transpose();
    let authorities = authorities.map_err(|error| wrong(format!("ca.crt: {error}")))?;
    Ok(Held {
        identity,
        authorities,
    })
}

fn handshake(written: &SslParameters) -> Result<Handshake, FieldError> {
    Ok(Handshake {
        version: version(written)?,
        cipher_suites: known("cipherSuites", &written.cipher_suites, cipher_suite)?,
        groups: known("ecdhCurves", &written.ecdh_curves, group)?,
    })
}

/// The version that remains of those that are spoken, where it is one alone.
fn version(written: &SslParameters) -> Result<Option<TlsVersion>, FieldError> {
    let lowest = match written.minimum_protocol_version {
        SslVersion::Auto => SslVersion::V1_0,
        given => given,
    };
    let highest = match written.maximum_protocol_version {
        SslVersion::Auto => SslVersion::V1_3,
        given => given,
    };
    let wrong = |what: &str| Err(FieldError::new(what).within("maximumProtocolVersion"));
    match (lowest, highest) {
        _ if lowest > highest => wrong("expected one of at least the minimum"),
        (_, SslVersion::V1_0 | SslVersion::V1_1) => {
            wrong("expected TLSv1_2 or TLSv1_3: older versions are not spoken (RFC 8996)")
        }
        (_, SslVersion::V1_2) => Ok(Some(TlsVersion::V1_2)),
        (SslVersion::V1_3, _) => Ok(Some(TlsVersion::V1_3)),
        _ => Ok(None),
    }
}

/// What is known of a list; if it is nothing, there is nothing to agree on with anybody.
fn known<T>(
    name: &str,
    written: &[String],
    read: fn(&str) -> Option<T>,
) -> Result<Vec<T>, FieldError> {
    let known: Vec<_> = written.iter().filter_map(|one| read(one)).collect();
    match known.is_empty() && !written.is_empty() {
        true => Err(FieldError::new("expected at least one that is implemented").within(name)),
        false => Ok(known),
    }
}
