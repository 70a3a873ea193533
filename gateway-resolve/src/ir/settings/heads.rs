//! What the heads of requests are held to, and which of them go no further.

use serde::{Deserialize, Serialize};

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
