//! Changes to headers.

use serde::{Deserialize, Serialize};

use crate::{HeaderName, HeaderValue};

/// Changes to the headers of a request or response. A name appears in one of the lists only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderModifier {
    /// Overwrites; at most 16, names unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<HttpHeader>,
    /// Appends; at most 16, names unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<HttpHeader>,
    /// Removes; at most 16, unique. The CRDs admit any text here, names of headers or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHeader {
    /// Name.
    pub name: HeaderName,
    /// Value; at most 4,096 characters.
    pub value: HeaderValue,
}
