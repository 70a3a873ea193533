//! Backends: who answers.

use std::fmt;
use std::net::SocketAddr;

use gateway_model::{ObjectRef, Port, Source};
use serde::{Deserialize, Serialize};

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
    /// Who can be sent requests now, ordered and without repeats. Empty: requests get 503.
    pub endpoints: Vec<Endpoint>,
}

/// The identity of a backend: a resource and one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BackendId {
    /// The resource, such as a Service.
    pub object: ObjectRef,
    /// The port of it that the route names.
    pub port: Port,
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.object, self.port)
    }
}

/// What a backend speaks (GEP-1911).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AppProtocol {
    /// HTTP/1.1, upgrades included.
    Http1,
    /// HTTP/2 by prior knowledge, in clear (`kubernetes.io/h2c`).
    H2c,
}

/// One server of a backend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
}
