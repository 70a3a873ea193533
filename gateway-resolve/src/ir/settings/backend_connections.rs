//! How backends are connected to.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_model::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::ir::BackendTls;

/// How much a backend may have open; what is unset is bounded by the gateway alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenAtMost {
    /// Connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Requests that wait for a connection where there are as many as may be; none waits when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Requests that are tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// When a silent connection is asked after; what is unset is up to the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keepalive {
    /// For the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// From one time to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// How often, before it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<u32>,
}

/// How connections are used for HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConnections {
    /// How long one may be idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// How many requests go over one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<NonZeroU32>,
    /// How long a request and its response may take. Exceeded: 504.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Duration>,
    /// The fields that the head of a response may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<NonZeroU32>,
    /// Are the words of the names of headers capitalised over HTTP/1?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub capitalised: bool,
}

/// Connections of HTTP/1 that are made before requests need them: so many, of thousandths, for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preconnect(pub NonZeroU32);

/// How HTTP/2 is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2Connections {
    /// Streams of one connection at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<NonZeroU32>,
    /// The bytes that an endpoint may send ahead on a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_window: Option<u32>,
    /// The same on a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_window: Option<u32>,
}

/// Which PROXY header connections begin with ("The PROXY protocol"), each for one request of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProxyHeader {
    /// Version 1: a line of text.
    V1,
    /// Version 2: binary.
    V2,
}

/// Endpoints that are asked for a tunnel (RFC 9110 section 9.3.6); what is said of the backend is spoken within.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunnelThrough {
    /// What the tunnel leads to, as in `web.example:443`.
    pub authority: Box<str>,
    /// How who is asked is connected to by TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<BackendTls>,
    /// What is said besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(HeaderName, HeaderValue)>,
}
