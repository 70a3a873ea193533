//! What the heads of requests are held to, and which of them go no further.

use serde::{Deserialize, Serialize};

use super::HeaderChanges;

/// Requests that are answered with 200 and nothing else, wherever routes lead; with 503 on connections that are to
/// finish.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthAnswer {
    /// Their target: the path, and the query if there is one.
    pub target: Box<str>,
}

/// Requests over HTTP/1 by a method that is not registered are refused with 400.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredMethods {}

/// What the heads of requests are held to, and how they are changed, before routes are looked at: in the order of these
/// fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestHeads {
    /// Bytes of one at most; `None`: as the data plane says otherwise. Beyond: 431.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    /// Headers of one at most; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<u32>,
    /// What becomes of headers with an underscore in their name; `None`: they pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underscores: Option<Underscores>,
    /// What becomes of slashes in paths that are escaped.
    pub escaped_slashes: EscapedSlashes,
    /// Do several slashes in a row count as one?
    pub merges_slashes: bool,
    /// Do hosts lose their port?
    pub bare_hosts: bool,
    /// What else is added, and removed then.
    pub changes: HeaderChanges,
}

/// What becomes of headers with an underscore in their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Underscores {
    /// A request with one is refused with 400.
    Refused,
    /// They are removed.
    Removed,
}

/// What becomes of slashes that are escaped (`%2F`, `%5C`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EscapedSlashes {
    /// They stay.
    #[default]
    Kept,
    /// A request with one is refused with 400.
    Refused,
    /// The client is sent to the path with plain ones, by a 307.
    Redirected,
    /// They are made plain.
    Unescaped,
}
