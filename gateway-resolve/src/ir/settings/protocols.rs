//! Which protocols are spoken with clients, and how.

use serde::{Deserialize, Serialize};

use super::Upgrades;

/// Which versions of HTTP are spoken with clients, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protocols {
    /// The only one that is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<HttpVersion>,
    /// How HTTP/1 is spoken.
    pub http1: Http1,
    /// How HTTP/2 is spoken.
    pub http2: Http2,
    /// Which other protocols connections may change to; `None`: any. Others are refused with 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrades: Option<Upgrades>,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// How HTTP/1 is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http1 {
    /// Are requests over HTTP/1.0 refused with 426?
    pub refuses_1_0: bool,
    /// The host of requests over HTTP/1.0 that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_host: Option<Box<str>>,
    /// Are requests refused that have a length and are in chunks as well? If not, the chunks count.
    pub refuses_two_lengths: bool,
    /// Are the words of header names capitalised in responses?
    pub capitalises: bool,
}

/// How HTTP/2 is spoken; `None`: as the data plane does otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2 {
    /// How many requests may be open on a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<u32>,
    /// Bytes that may be sent ahead on a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_window: Option<u32>,
    /// Bytes that may be sent ahead on a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_window: Option<u32>,
}

/// What becomes of the `Server` header of responses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServerHeader {
    /// This one is put in place of any other.
    Replaced(Box<str>),
    /// This one is added where there is none.
    Completed(Box<str>),
    /// It stays as the backend has it.
    Kept,
}
