//! Backends: who answers.

use std::fmt;
use std::net::IpAddr;

use gateway_model::{Hostname, ObjectRef, Port, Source};
use serde::{Deserialize, Serialize};

use super::{BackendSettings, Certificate, CertificateId, Endpoint, Handshake, Transport};

/// A set of endpoints that answer alike, such as one port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Which backend this is; state that outlives a reload is kept under it.
    pub id: BackendId,
    /// Where it comes from.
    pub source: Source,
    /// What its endpoints speak.
    pub protocol: AppProtocol,
    /// How its endpoints are connected to by TLS; in clear when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<BackendTls>,
    /// What is tuned for it.
    #[serde(default, skip_serializing_if = "BackendSettings::is_empty")]
    pub settings: BackendSettings,
    /// Who can be sent requests now, ordered and without repeats. Empty: requests get 503.
    pub endpoints: Vec<Endpoint>,
}

impl Backend {
    /// One that speaks HTTP in clear, for which nothing is tuned, without endpoints.
    pub fn new(id: BackendId, source: Source) -> Self {
        Self {
            id,
            source,
            protocol: AppProtocol::Http,
            tls: None,
            settings: BackendSettings::default(),
            endpoints: Vec::new(),
        }
    }
}

/// How a backend is connected to by TLS (BackendTLSPolicy, GEP-1897).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendTls {
    /// The name that is asked for (SNI) at endpoints that have none of their own; never a wildcard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Hostname>,
    /// The names of which its certificate has to be for one; when empty, it has to be for the name that is asked for,
    /// else for the endpoint's address.
    pub names: Vec<PeerName>,
    /// Who may have signed it.
    pub authorities: Authorities,
    /// What handshakes are narrowed to.
    #[serde(default, skip_serializing_if = "Handshake::is_open")]
    pub handshake: Handshake,
    /// What is offered by ALPN where HTTP is inside; what the protocol is called, when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<Box<str>>,
    /// The certificate that is shown to it when it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Certificate>,
}

/// A name in the certificate of a backend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PeerName {
    /// A DNS name. A wildcard is one that the certificate has as it is.
    Dns(Hostname),
    /// A URI, such as a SPIFFE id.
    Uri(Box<str>),
    /// An address.
    Address(IpAddr),
    /// Whichever it is: only the authority counts.
    Any,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Authorities {
    /// Those that the system trusts.
    System,
    /// Those with these certificates (DER); not empty.
    Certificates(Vec<Vec<u8>>),
    /// None is asked for: whoever answers is believed, whatever the certificate says.
    Unverified,
}

/// The identity of a backend: a resource, one of its ports if it has any, of which those of TCP and of UDP are not the
/// same, what the Gateway adds to it, and which function of it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BackendId {
    /// The resource, such as a Service.
    pub object: ObjectRef,
    /// The port of it that the route names; `None` where the resource as a whole is the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// What it is reached by.
    #[serde(default, skip_serializing_if = "Transport::is_tcp")]
    pub transport: Transport,
    /// What the Gateway shows to it where it is connected to by TLS (GEP-3155).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Box<CertificateId>>,
    /// The function of it that requests call, by the name that it has there; `None` where they are passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Box<str>>,
}

impl BackendId {
    /// A TCP port of a resource, or the resource as a whole, that is shown no certificate and has no functions.
    pub fn new(object: ObjectRef, port: impl Into<Option<Port>>) -> Self {
        Self {
            object,
            port: port.into(),
            transport: Transport::Tcp,
            certificate: None,
            function: None,
        }
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match self.transport {
            Transport::Tcp => {}
            Transport::Udp => f.write_str("/udp")?,
        }
        match &self.function {
            Some(function) => write!(f, " function {function}"),
            None => Ok(()),
        }
    }
}

/// What a backend speaks (GEP-1911).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AppProtocol {
    /// Nothing is said: HTTP/1.1, upgrades included, and HTTP/2 by prior knowledge for gRPC, which nothing else
    /// carries.
    Http,
    /// HTTP/1.1, upgrades included.
    Http1,
    /// The version that the client speaks.
    AsClient,
    /// HTTP/2: by prior knowledge in clear (`kubernetes.io/h2c`), by ALPN over TLS.
    H2c,
    /// What HTTP can't be: bytes or datagrams that are passed on.
    Opaque,
}
