//! Edits of headers.

use serde::Deserialize;

use super::ResourceRef;

/// Edits of headers. Values may have operators of the form `%NAME(argument)%`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderManipulation {
    /// What requests get.
    pub request_headers_to_add: Vec<RequestHeader>,
    /// What requests lose.
    pub request_headers_to_remove: Vec<String>,
    /// What responses get.
    pub response_headers_to_add: Vec<ResponseHeader>,
    /// What responses lose.
    pub response_headers_to_remove: Vec<String>,
}

/// A header that requests get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestHeader {
    /// The header itself; this or `header_secret_ref`.
    pub header: Option<HeaderPair>,
    /// A Secret each of whose entries is a header.
    pub header_secret_ref: Option<ResourceRef>,
    /// Beside those that there are, or in their place? Beside, when it is not given.
    pub append: Option<bool>,
}

/// A header that responses get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ResponseHeader {
    /// The header.
    pub header: Option<HeaderPair>,
    /// Beside those that there are, or in their place? Beside, when it is not given.
    pub append: Option<bool>,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct HeaderPair {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}
