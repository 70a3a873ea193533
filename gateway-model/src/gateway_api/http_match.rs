//! What HTTPRoute rules match on.

use serde::{Deserialize, Serialize};

use crate::{HeaderName, Method};

/// Matches requests for which all of its parts match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpMatch {
    /// The path; the prefix `/` by default.
    pub path: HttpPathMatch,
    /// Headers, all of which must match; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderMatch>,
    /// Query parameters, all of which must match; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_params: Vec<QueryParamMatch>,
    /// The method; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

/// Matches the path of a request, in at most 1,024 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "value")]
#[non_exhaustive]
pub enum HttpPathMatch {
    /// The whole path, case-sensitive.
    Exact(String),
    /// The path's first segments, case-sensitive; a trailing `/` makes no difference.
    PathPrefix(String),
    /// A regular expression over the whole path.
    RegularExpression(String),
}

/// Matches a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderMatch {
    /// The header's name.
    pub name: HeaderName,
    /// Its value.
    #[serde(flatten)]
    pub value: ValueMatch,
}

/// Matches a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryParamMatch {
    /// The parameter's name, case-sensitive.
    pub name: String,
    /// Its value.
    #[serde(flatten)]
    pub value: ValueMatch,
}

/// Matches the value of a header or query parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "value")]
#[non_exhaustive]
pub enum ValueMatch {
    /// The whole value, case-sensitive.
    Exact(String),
    /// A regular expression over the whole value.
    RegularExpression(String),
}
