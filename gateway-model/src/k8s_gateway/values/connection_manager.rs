//! How HTTP is spoken with clients.

use serde::Deserialize;

use super::{RequestHeader, Upgrade};
use crate::k8s_gateway::proto::{Span, numbered};

/// How HTTP is spoken with the clients of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionManager {
    /// May HTTP/1.0 be spoken?
    pub accept_http_10: Option<bool>,
    /// May a request have a length and be in chunks as well?
    pub allow_chunked_length: Option<bool>,
    /// Is the port told in `X-Forwarded-Port`?
    pub append_x_forwarded_port: bool,
    /// The versions of HTTP that are spoken.
    pub codec_type: CodecType,
    /// The host of requests over HTTP/1.0 that name none.
    pub default_host_for_http_10: String,
    /// How long is read on after the last response.
    pub delayed_close_timeout: Option<Span>,
    /// How long a connection that is to close is kept for requests that are on their way.
    pub drain_timeout: Option<Span>,
    /// What is changed of heads before routes are looked at.
    pub early_header_manipulation: Option<EarlyHeaders>,
    /// Do trailers pass?
    pub enable_trailers: Option<bool>,
    /// What becomes of what requests say of the certificates of clients.
    pub forward_client_cert_details: Option<ForwardedCertificates>,
    /// Do requests get an id?
    pub generate_request_id: Option<bool>,
    /// What becomes of headers with an underscore in their name.
    pub headers_with_underscores_action: Underscores,
    /// Limits of HTTP/2.
    pub http2_protocol_options: Option<Http2Options>,
    /// How long a connection may wait for a request.
    pub idle_timeout: Option<Span>,
    /// Who counts as inside.
    pub internal_address_config: Option<InternalAddresses>,
    /// How long a connection may be used.
    pub max_connection_duration: Option<Span>,
    /// How long a request and its response may take.
    pub max_stream_duration: Option<Span>,
    /// How many headers a request may have.
    pub max_headers_count: Option<u32>,
    /// How long the head of a request may be, in KiB.
    pub max_request_headers_kb: Option<u32>,
    /// How many requests may come over one connection.
    pub max_requests_per_connection: Option<u32>,
    /// Do several slashes in a row count as one?
    pub merge_slashes: bool,
    /// Are dot segments removed?
    pub normalize_path: Option<bool>,
    /// What becomes of slashes that are escaped.
    pub path_with_escaped_slashes_action: EscapedSlashes,
    /// Do header names keep their spelling?
    pub preserve_case_header_key_format: Option<bool>,
    /// Is an id that a client sends kept?
    pub preserve_external_request_id: Option<bool>,
    /// Are the words of header names capitalised?
    pub proper_case_header_key_format: Option<bool>,
    /// Is the backend asked whether a body is to be sent?
    pub proxy_100_continue: Option<bool>,
    /// How long a request may take.
    pub request_timeout: Option<Span>,
    /// How long the head of a request may take.
    pub request_headers_timeout: Option<Span>,
    /// What is told of the certificates of clients.
    pub set_current_client_cert_details: Option<CertificateDetails>,
    /// What becomes of the `Server` header.
    pub server_header_transformation: Option<ServerHeader>,
    /// What the server is called.
    pub server_name: Option<String>,
    /// Is `X-Forwarded-For` left as it is?
    pub skip_xff_append: Option<bool>,
    /// How long nothing may move on a stream.
    pub stream_idle_timeout: Option<Span>,
    /// Do hosts lose their port?
    pub strip_any_host_port: bool,
    /// Which other protocols a connection may change to.
    pub upgrades: Vec<Upgrade>,
    /// Is the address of the connection that of the client?
    pub use_remote_address: Option<bool>,
    /// What is added to `Via`.
    pub via: String,
    /// How many proxies there are before this one.
    pub xff_num_trusted_hops: Option<u32>,
}

/// Headers that are changed before routes are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EarlyHeaders {
    /// What requests get.
    pub headers_to_add: Vec<RequestHeader>,
    /// What they lose then.
    pub headers_to_remove: Vec<String>,
}

/// Limits of HTTP/2.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http2Options {
    /// What may be sent ahead on a connection, in bytes.
    pub initial_connection_window_size: Option<u32>,
    /// What may be sent ahead on a stream, in bytes.
    pub initial_stream_window_size: Option<u32>,
    /// How many streams there may be.
    pub max_concurrent_streams: Option<u32>,
}

/// Addresses that count as inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InternalAddresses {
    /// Networks of theirs.
    pub cidr_ranges: Vec<CidrRange>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CidrRange {
    /// An address of it.
    pub address_prefix: String,
    /// How many bits all of them share.
    pub prefix_len: u32,
}

/// What is told of the certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct CertificateDetails {
    /// Who it is for.
    pub subject: bool,
    /// It itself.
    pub cert: bool,
    /// With those that lead to an authority.
    pub chain: bool,
    /// The names that it is for.
    pub dns: bool,
    /// The URI that it is for.
    pub uri: bool,
}

/// Is something so? It is, when nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Toggle {
    /// Is it?
    pub enabled: Option<bool>,
}

numbered! {
    /// What becomes of what requests say of the certificates of clients.
    ForwardedCertificates {
        /// It is removed.
        Sanitize = 0 "SANITIZE",
        /// It passes where the client has shown one.
        ForwardOnly = 1 "FORWARD_ONLY",
        /// The client's is added where it has shown one.
        AppendForward = 2 "APPEND_FORWARD",
        /// The client's takes its place.
        SanitizeSet = 3 "SANITIZE_SET",
        /// It passes.
        AlwaysForwardOnly = 4 "ALWAYS_FORWARD_ONLY",
    }
}

numbered! {
    /// The versions of HTTP that are spoken.
    CodecType {
        /// Whichever the client does.
        Auto = 0 "AUTO",
        /// HTTP/1.
        Http1 = 1 "HTTP1",
        /// HTTP/2.
        Http2 = 2 "HTTP2",
    }
}

numbered! {
    /// What becomes of headers with an underscore in their name.
    Underscores {
        /// They pass.
        Allow = 0 "ALLOW",
        /// Requests with them are refused.
        Reject = 1 "REJECT_CLIENT_REQUEST",
        /// They are dropped.
        Drop = 2 "DROP_HEADER",
    }
}

numbered! {
    /// What becomes of slashes that are escaped.
    EscapedSlashes {
        /// What the server holds for right.
        Default = 0 "IMPLEMENTATION_SPECIFIC_DEFAULT",
        /// They stay.
        Keep = 1 "KEEP_UNCHANGED",
        /// Requests with them are refused.
        Reject = 2 "REJECT_REQUEST",
        /// The client is sent to the path with plain ones.
        Redirect = 3 "UNESCAPE_AND_REDIRECT",
        /// They are made plain.
        Forward = 4 "UNESCAPE_AND_FORWARD",
    }
}

numbered! {
    /// What becomes of the `Server` header.
    ServerHeader {
        /// It is replaced.
        Overwrite = 0 "OVERWRITE",
        /// It is added where there is none.
        AppendIfAbsent = 1 "APPEND_IF_ABSENT",
        /// It stays as the backend has it.
        PassThrough = 2 "PASS_THROUGH",
    }
}
