//! How Upstreams are connected to.

use serde::Deserialize;

use crate::k8s_gateway::proto::{Span, numbered};

/// Connections to an Upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionConfig {
    /// The time that one may take to be made.
    pub connect_timeout: Option<Span>,
    /// How many requests go over one; as many as there are, when it is 0.
    pub max_requests_per_connection: u32,
    /// When a silent one is asked after.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// How much is kept of what is on its way on one.
    pub per_connection_buffer_limit_bytes: Option<u32>,
    /// What holds for HTTP of any version.
    pub common_http_protocol_options: CommonHttpOptions,
    /// What holds for HTTP/1.
    pub http1_protocol_options: Option<Http1Options>,
}

/// When a silent connection is asked after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TcpKeepalive {
    /// How often, before it is given up.
    pub keepalive_probes: Option<u32>,
    /// After how long for the first time.
    pub keepalive_time: Option<Span>,
    /// After how long again.
    pub keepalive_interval: Option<Span>,
}

/// What holds for HTTP of any version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CommonHttpOptions {
    /// How many fields the head of a response may have.
    pub max_headers_count: Option<u32>,
    /// How long a request and its response may take.
    pub max_stream_duration: Option<Span>,
    /// How long a connection may be idle.
    pub idle_timeout: Option<Span>,
    /// What becomes of clients' headers with underscores. For Upstreams it means nothing to Envoy either.
    pub headers_with_underscores_action: Option<super::Underscores>,
}

/// What holds for HTTP/1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http1Options {
    /// Do trailers pass? They do in any case.
    pub enable_trailers: bool,
    /// Are the words of names capitalised?
    pub proper_case_header_key_format: bool,
}

/// Connections that are made before requests need them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreconnectPolicy {
    /// How many there are to be for each that is needed.
    pub per_upstream_preconnect_ratio: Option<f64>,
}

/// How much may be open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CircuitBreakers {
    /// Connections.
    pub max_connections: Option<u32>,
    /// Requests that wait for a connection.
    pub max_pending_requests: Option<u32>,
    /// Requests.
    pub max_requests: Option<u32>,
    /// Requests that are sent again.
    pub max_retries: Option<u32>,
}

/// A header of requests for a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ConnectHeader {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

numbered! {
    /// Which version of HTTP is spoken.
    ProtocolSelection {
        /// The one that is configured.
        Configured = 0 "USE_CONFIGURED_PROTOCOL",
        /// That of the client.
        Downstream = 1 "USE_DOWNSTREAM_PROTOCOL",
    }
}
