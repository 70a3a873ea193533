//! BackendTLSPolicy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GROUP, LocalObjectReference, PolicyStatus, PolicyTarget};
use crate::{Hostname, Kind, Object, ObjectMeta, Unread};

/// Has backends connected to by TLS, and says how they prove who they are (GEP-1897).
pub type BackendTlsPolicy = Object<BackendTlsPolicySpec, PolicyStatus>;

impl Kind for BackendTlsPolicy {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "BackendTLSPolicy";
    const PLURAL: &'static str = "backendtlspolicies";
    const VERSIONS: &'static [&'static str] = &["v1", "v1alpha3"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What a BackendTLSPolicy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTlsPolicySpec {
    /// What it is for; 1 to 16.
    pub target_refs: Vec<PolicyTarget>,
    /// How the backend proves who it is; `None` where that isn't understood of a stored object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<BackendTlsValidation>,
    /// Settings of the implementation; at most 16.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// What isn't understood of a stored object: its targets must not be sent anything.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// How a backend proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTlsValidation {
    /// Which authorities are trusted.
    #[serde(flatten)]
    pub authorities: Authorities,
    /// The name that is asked for (SNI), and which the certificate has to be for where `subject_alt_names` is
    /// empty; never a wildcard.
    pub hostname: Hostname,
    /// The names of which the certificate has to be for one; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_alt_names: Vec<SubjectAltName>,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireAuthorities", into = "WireAuthorities")]
pub enum Authorities {
    /// Those whose certificates these objects hold, ConfigMaps as a rule; 1 to 8.
    Certificates(Vec<LocalObjectReference>),
    /// A set that goes by a name: `System`, or an implementation's own, as in `example.com/internal`.
    WellKnown(String),
}

impl Authorities {
    /// The authorities that the system trusts.
    pub const SYSTEM: &'static str = "System";
}

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum SubjectAltName {
    /// A DNS name, maybe a wildcard.
    Hostname {
        /// The name.
        hostname: Hostname,
    },
    /// A URI, as in `spiffe://mycluster.example/ns/myns/sa/svc1sa`.
    #[serde(rename = "URI")]
    Uri {
        /// The URI.
        uri: String,
    },
}

/// As the CRD has them: one of two fields.
#[derive(Clone, Serialize, Deserialize)]
struct WireAuthorities {
    #[serde(
        rename = "caCertificateRefs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    certificates: Vec<LocalObjectReference>,
    #[serde(
        rename = "wellKnownCACertificates",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    well_known: Option<String>,
}

impl TryFrom<WireAuthorities> for Authorities {
    type Error = &'static str;

    fn try_from(wire: WireAuthorities) -> Result<Self, &'static str> {
        match (wire.certificates, wire.well_known) {
            (refs, None) if !refs.is_empty() => Ok(Self::Certificates(refs)),
            (refs, Some(name)) if refs.is_empty() => Ok(Self::WellKnown(name)),
            _ => Err("expected either caCertificateRefs or wellKnownCACertificates"),
        }
    }
}

impl From<Authorities> for WireAuthorities {
    fn from(authorities: Authorities) -> Self {
        let (certificates, well_known) = match authorities {
            Authorities::Certificates(refs) => (refs, None),
            Authorities::WellKnown(name) => (Vec::new(), Some(name)),
        };
        Self {
            certificates,
            well_known,
        }
    }
}
