//! Messages of `envoy.data.accesslog.v3` and `envoy.service.accesslog.v3`, as far as something is told of them
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto>).

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use crate::grpc::messages::{Address, Moment};

/// `StreamAccessLogsMessage`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamAccessLogsMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) identifier: Option<Identifier>,
    #[prost(message, optional, tag = "2")]
    pub(super) http_logs: Option<HttpLogs>,
}

/// `StreamAccessLogsMessage.Identifier`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Identifier {
    #[prost(message, optional, tag = "1")]
    pub(super) node: Option<Node>,
    #[prost(string, tag = "2")]
    pub(super) log_name: String,
}

/// `envoy.config.core.v3.Node`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) cluster: String,
    #[prost(message, optional, tag = "4")]
    pub(super) locality: Option<Locality>,
}

/// `envoy.config.core.v3.Locality`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Locality {
    #[prost(string, tag = "2")]
    pub(super) zone: String,
}

/// `StreamAccessLogsMessage.HTTPAccessLogEntries`, whose entries are encoded already.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HttpLogs {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) log_entry: Vec<Bytes>,
}

/// `HTTPAccessLogEntry`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HttpEntry {
    #[prost(message, optional, tag = "1")]
    pub(super) common_properties: Option<Common>,
    /// `HTTPVersion`.
    #[prost(int32, tag = "2")]
    pub(super) protocol_version: i32,
    #[prost(message, optional, tag = "3")]
    pub(super) request: Option<RequestProperties>,
    #[prost(message, optional, tag = "4")]
    pub(super) response: Option<ResponseProperties>,
}

/// `AccessLogCommon`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Common {
    #[prost(message, optional, tag = "2")]
    pub(super) downstream_remote_address: Option<Address>,
    #[prost(message, optional, tag = "3")]
    pub(super) downstream_local_address: Option<Address>,
    #[prost(message, optional, tag = "4")]
    pub(super) tls_properties: Option<TlsProperties>,
    /// `google.protobuf.Timestamp`.
    #[prost(message, optional, tag = "5")]
    pub(super) start_time: Option<Moment>,
    /// `google.protobuf.Duration`, as those that follow.
    #[prost(message, optional, tag = "9")]
    pub(super) time_to_first_upstream_rx_byte: Option<Moment>,
    #[prost(message, optional, tag = "11")]
    pub(super) time_to_first_downstream_tx_byte: Option<Moment>,
    #[prost(message, optional, tag = "12")]
    pub(super) time_to_last_downstream_tx_byte: Option<Moment>,
    #[prost(message, optional, tag = "13")]
    pub(super) upstream_remote_address: Option<Address>,
    #[prost(string, tag = "15")]
    pub(super) upstream_cluster: String,
    #[prost(message, optional, tag = "16")]
    pub(super) response_flags: Option<Flags>,
    #[prost(string, tag = "19")]
    pub(super) route_name: String,
    #[prost(message, optional, tag = "23")]
    pub(super) duration: Option<Moment>,
}

/// `TLSProperties`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TlsProperties {
    #[prost(string, tag = "3")]
    pub(super) tls_sni_hostname: String,
}

/// `ResponseFlags`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Flags {
    #[prost(bool, tag = "2")]
    pub(super) no_healthy_upstream: bool,
    #[prost(bool, tag = "3")]
    pub(super) upstream_request_timeout: bool,
    #[prost(bool, tag = "4")]
    pub(super) local_reset: bool,
    #[prost(bool, tag = "5")]
    pub(super) upstream_remote_reset: bool,
    #[prost(bool, tag = "6")]
    pub(super) upstream_connection_failure: bool,
    #[prost(bool, tag = "7")]
    pub(super) upstream_connection_termination: bool,
    #[prost(bool, tag = "8")]
    pub(super) upstream_overflow: bool,
    #[prost(bool, tag = "9")]
    pub(super) no_route_found: bool,
    #[prost(bool, tag = "11")]
    pub(super) fault_injected: bool,
    #[prost(bool, tag = "12")]
    pub(super) rate_limited: bool,
    #[prost(message, optional, tag = "13")]
    pub(super) unauthorized_details: Option<Unauthorized>,
    #[prost(bool, tag = "15")]
    pub(super) downstream_connection_termination: bool,
    #[prost(bool, tag = "16")]
    pub(super) upstream_retry_limit_exceeded: bool,
    #[prost(bool, tag = "17")]
    pub(super) stream_idle_timeout: bool,
    #[prost(bool, tag = "19")]
    pub(super) downstream_protocol_error: bool,
    #[prost(bool, tag = "24")]
    pub(super) upstream_protocol_error: bool,
    #[prost(bool, tag = "25")]
    pub(super) no_cluster_found: bool,
}

/// `ResponseFlags.Unauthorized`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Unauthorized {
    #[prost(int32, tag = "1")]
    pub(super) reason: i32,
}

/// `HTTPRequestProperties`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RequestProperties {
    /// `envoy.config.core.v3.RequestMethod`.
    #[prost(int32, tag = "1")]
    pub(super) request_method: i32,
    #[prost(string, tag = "2")]
    pub(super) scheme: String,
    #[prost(string, tag = "3")]
    pub(super) authority: String,
    #[prost(string, tag = "5")]
    pub(super) path: String,
    #[prost(string, tag = "6")]
    pub(super) user_agent: String,
    #[prost(string, tag = "7")]
    pub(super) referer: String,
    #[prost(string, tag = "8")]
    pub(super) forwarded_for: String,
    #[prost(string, tag = "9")]
    pub(super) request_id: String,
    #[prost(string, tag = "10")]
    pub(super) original_path: String,
    #[prost(uint64, tag = "12")]
    pub(super) request_body_bytes: u64,
    #[prost(btree_map = "string, string", tag = "13")]
    pub(super) request_headers: BTreeMap<String, String>,
}

/// `HTTPResponseProperties`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ResponseProperties {
    /// `google.protobuf.UInt32Value`.
    #[prost(message, optional, tag = "1")]
    pub(super) response_code: Option<u32>,
    #[prost(uint64, tag = "3")]
    pub(super) response_body_bytes: u64,
    #[prost(btree_map = "string, string", tag = "4")]
    pub(super) response_headers: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) response_trailers: BTreeMap<String, String>,
    #[prost(string, tag = "6")]
    pub(super) response_code_details: String,
}
