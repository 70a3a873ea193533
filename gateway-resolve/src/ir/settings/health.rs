//! Whether endpoints are well.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::{HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};

/// How endpoints are asked whether they are well. One that has not been asked yet counts as not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What they are asked.
    pub probe: Probe,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// How often one has to fail, in a row, to count as not well. One that answers that it is not is so at once.
    pub unhealthy_after: NonZeroU32,
    /// How often one has to answer, in a row, to count as well again. The first answer of all is enough.
    pub healthy_after: NonZeroU32,
    /// What is waited before they are asked again.
    pub pauses: Pauses,
}

/// What is waited before an endpoint is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pauses {
    /// One that is well.
    pub well: Duration,
    /// One that is not.
    pub ill: Duration,
    /// One that has just become well.
    pub recovered: Duration,
    /// One that has just become not.
    pub fallen: Duration,
    /// Before the first time, at most, at random.
    pub first: Duration,
    /// In place of all of these, while there was no request yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<Duration>,
    /// Besides, at most, at random.
    pub jitter: Duration,
    /// The same, as a part of what is waited, of 100.
    pub jitter_percent: u32,
}

/// What endpoints are asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Probe {
    /// A request.
    Http(HttpProbe),
    /// A connection, and what is said on it.
    Tcp(TcpProbe),
    /// The health service of gRPC (`grpc.health.v1.Health`).
    Grpc(GrpcProbe),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// Its method.
    pub method: Method,
    /// Its host.
    pub host: Box<str>,
    /// Its path.
    pub path: Box<str>,
    /// Is it sent over HTTP/2?
    pub http2: bool,
    /// What it has besides.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Statuses that say that an endpoint is well: from the first to the one before the second.
    pub expected: Vec<(u16, u16)>,
    /// What the name of the service begins with that the answer has (`x-envoy-upstream-healthchecked-cluster`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<str>>,
}

/// A connection, and what is said on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// What is sent.
    pub send: Vec<u8>,
    /// What has to come, in this order; a connection is enough when there is nothing.
    pub receive: Vec<Vec<u8>>,
}

/// The health service of gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcProbe {
    /// The service that is asked after; the whole server, when it is empty.
    pub service: Box<str>,
    /// The host.
    pub host: Box<str>,
}
