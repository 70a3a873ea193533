//! Whether endpoints of Upstreams are well.

use serde::Deserialize;

use super::HeaderPair;
use crate::k8s_gateway::proto::{NameOrNumber, Span, Whole};

/// How endpoints are asked whether they are well.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointCheck {
    /// How long an answer is waited for.
    pub timeout: Option<Span>,
    /// How often they are asked.
    pub interval: Option<Span>,
    /// What is waited at most, at random, before they are asked for the first time.
    pub initial_jitter: Option<Span>,
    /// What is waited at most, at random, besides.
    pub interval_jitter: Option<Span>,
    /// The same, as a part of the interval, of 100.
    pub interval_jitter_percent: u32,
    /// How often one has to fail before it gets no requests any more.
    pub unhealthy_threshold: Option<u32>,
    /// How often one has to answer before it gets requests again.
    pub healthy_threshold: Option<u32>,
    /// How often those are asked that are not well.
    pub unhealthy_interval: Option<Span>,
    /// When one is asked again that is not well any more.
    pub unhealthy_edge_interval: Option<Span>,
    /// When one is asked again that has become well.
    pub healthy_edge_interval: Option<Span>,
    /// How often they are asked before there was any request.
    pub no_traffic_interval: Option<Span>,
    /// By a request.
    pub http_health_check: Option<HttpHealthCheck>,
    /// By a connection.
    pub tcp_health_check: Option<TcpHealthCheck>,
    /// By the health service of gRPC.
    pub grpc_health_check: Option<GrpcHealthCheck>,
    /// In a way of one's own.
    pub custom_health_check: Option<serde_json::Value>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpHealthCheck {
    /// The host; the name of the Upstream, when it is empty.
    pub host: String,
    /// The path.
    pub path: String,
    /// Is it sent over HTTP/2?
    pub use_http2: bool,
    /// The method; GET, when it is not given.
    pub method: Option<CheckMethod>,
    /// Headers that it has besides.
    pub request_headers_to_add: Vec<CheckHeader>,
    /// Headers that it is sent without.
    pub request_headers_to_remove: Vec<String>,
    /// Statuses that say that an endpoint is well; 200, when there are none.
    pub expected_statuses: Vec<StatusRange>,
    /// What `x-envoy-upstream-healthchecked-cluster` has to begin with.
    pub service_name: String,
}

/// A header of a request.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct CheckHeader {
    /// The header.
    pub header: HeaderPair,
}

/// Statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct StatusRange {
    /// The first.
    pub start: Whole,
    /// The one after the last.
    pub end: Whole,
}

/// A method, by its name or its number in Envoy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckMethod(pub &'static str);

/// Envoy's, in the order of their numbers.
const METHODS: [&str; 10] = [
    "METHOD_UNSPECIFIED",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
];

impl<'de> Deserialize<'de> for CheckMethod {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = NameOrNumber::deserialize(deserializer)?;
        let index = match &found {
            NameOrNumber::Number(number) => usize::try_from(*number).ok(),
            NameOrNumber::Name(name) => METHODS.iter().position(|known| known == name),
        };
        match index.and_then(|index| METHODS.get(index)) {
            Some(&"METHOD_UNSPECIFIED") => Ok(Self("GET")),
            Some(name) => Ok(Self(name)),
            None => Err(found.unknown(&METHODS)),
        }
    }
}

/// A connection, and what is said on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct TcpHealthCheck {
    /// What is sent.
    pub send: Option<Payload>,
    /// What has to come, in this order.
    pub receive: Vec<Payload>,
}

/// Bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Payload {
    /// In hexadecimal digits.
    pub text: String,
}

/// The health service of gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcHealthCheck {
    /// The service that is asked after; the whole server, when it is empty.
    pub service_name: String,
    /// The host; the name of the Upstream, when it is empty.
    pub authority: String,
}
