//! Changes to headers whose values are made for each request.

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

use super::Format;

/// Changes to the headers of requests and responses: first what is removed, then what is added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderManipulation {
    /// To requests on their way to a backend.
    pub request: HeaderChanges,
    /// To responses on their way to the client.
    pub response: HeaderChanges,
}

/// Changes to headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderChanges {
    /// Headers that are added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<AddedHeader>,
    /// Headers that are removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<HeaderName>,
}

/// A header that is added.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value. Where that comes to nothing, there is no header.
    pub value: Format,
    /// Do values that are there already stay?
    pub append: bool,
}
