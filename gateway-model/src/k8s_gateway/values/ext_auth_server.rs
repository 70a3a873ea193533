//! The server that is asked whether requests may pass.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ResourceRef;
use crate::k8s_gateway::proto::Span;

/// A server, and how it is asked: over HTTP where that is said, else over gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtAuthServer {
    /// The Upstream that it is.
    pub extauthz_server_ref: Option<ResourceRef>,
    /// How it is asked over HTTP.
    pub http_service: Option<ExtAuthHttp>,
    /// How it is called over gRPC.
    pub grpc_service: Option<GrpcService>,
    /// The header by which it says who the client is; `x-user-id`, when it is empty.
    pub user_id_header: String,
    /// How long its answer is waited for; 200 ms, when it is not given.
    pub request_timeout: Option<Span>,
    /// Do requests pass that it says nothing of?
    pub failure_mode_allow: bool,
    /// How much of bodies it gets.
    pub request_body: Option<ExtAuthBody>,
    /// Do requests look for their routes again once it has changed them?
    pub clear_route_cache: bool,
    /// What requests are answered with that it says nothing of; 403, when it is 0.
    pub status_on_error: u32,
}

/// How a server of gRPC is called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct GrpcService {
    /// Its `:authority`.
    pub authority: String,
}

/// How a server is asked over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtAuthHttp {
    /// What paths are put behind.
    pub path_prefix: String,
    /// What it gets.
    pub request: ExtAuthRequest,
    /// What is taken of its answer.
    pub response: ExtAuthResponse,
}

/// What a server gets of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtAuthRequest {
    /// These headers.
    pub allowed_headers: Vec<String>,
    /// Headers of which the names match one of these.
    pub allowed_headers_regex: Vec<String>,
    /// Headers that it gets besides.
    pub headers_to_add: BTreeMap<String, String>,
}

/// What is taken of a server's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtAuthResponse {
    /// Headers that backends get in place of the request's.
    pub allowed_upstream_headers: Vec<String>,
    /// Headers that clients get of a refusal; all, when none is given.
    pub allowed_client_headers: Vec<String>,
    /// Headers that backends get beside the request's.
    pub allowed_upstream_headers_to_append: Vec<String>,
}

/// How much of bodies a server gets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtAuthBody {
    /// Bytes at most; 4 KiB, when it is 0.
    pub max_request_bytes: u32,
    /// Is the start of a longer one enough?
    pub allow_partial_message: bool,
    /// Does it get bytes, rather than text?
    pub pack_as_bytes: bool,
}
