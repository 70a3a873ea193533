//! XBackend.

use serde::{Deserialize, Serialize};

use super::{BackendTlsValidation, RouteStatus, SecretObjectReference, X_GROUP};
use crate::{Hostname, Kind, Object, ObjectMeta, Port, Unread};

/// A backend that isn't a Service, such as a host outside of the cluster (experimental, GEP-4894).
pub type XBackend = Object<XBackendSpec, RouteStatus>;

impl Kind for XBackend {
    const GROUP: &'static str = X_GROUP;
    const KIND: &'static str = "XBackend";
    const PLURAL: &'static str = "xbackends";
    const VERSIONS: &'static [&'static str] = &["v1alpha1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What an XBackend says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XBackendSpec {
    /// Where it is; `None` where that isn't understood of a stored object.
    #[serde(flatten)]
    pub destination: Option<XBackendDestination>,
    /// The port to connect to; `None` where that isn't understood of a stored object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<XBackendPort>,
    /// What it is spoken to in; what the route or listener suggests when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<XBackendProtocol>,
    /// How it is connected to by TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<XBackendTls>,
    /// What isn't understood of a stored object: it must not be sent anything.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// Where an XBackend is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum XBackendDestination {
    /// A host outside of the cluster.
    ExternalHostname {
        /// The host.
        #[serde(rename = "externalHostname")]
        external_hostname: ExternalHostname,
    },
}

/// A host outside of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExternalHostname {
    /// Its name in the DNS; never a wildcard.
    pub hostname: Hostname,
}

/// The port of an XBackend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct XBackendPort {
    /// Its name, a DNS label or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its number.
    pub port: Port,
}

/// What an XBackend is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum XBackendProtocol {
    /// TCP, whatever is inside.
    Tcp,
    /// HTTP of any version.
    Http,
    /// HTTP/2.
    Http2,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2 over cleartext, with prior knowledge.
    H2c,
    /// The Model Context Protocol.
    Mcp,
}

/// How an XBackend is connected to by TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XBackendTls {
    /// Who shows a certificate.
    #[serde(flatten)]
    pub mode: XBackendTlsMode,
    /// How the backend proves who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<BackendTlsValidation>,
}

/// Who shows a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "mode")]
#[non_exhaustive]
pub enum XBackendTlsMode {
    /// Nobody: the connection is not by TLS.
    None,
    /// The backend.
    ServerOnly,
    /// The backend and the gateway.
    ClientAndServer {
        /// The gateway's certificate.
        #[serde(rename = "clientCertificateRef")]
        client_certificate_ref: SecretObjectReference,
    },
}
