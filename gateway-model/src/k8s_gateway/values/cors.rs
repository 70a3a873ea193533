//! Cross-origin resource sharing.

use serde::Deserialize;

use crate::k8s_gateway::proto::numbered;

/// Which other sites may have browsers ask, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cors {
    /// The origins that may; `*` stands for all.
    pub allow_origin: Vec<String>,
    /// The same as regular expressions.
    pub allow_origin_regex: Vec<String>,
    /// The methods that they may use.
    pub allow_methods: Vec<String>,
    /// The headers that they may send.
    pub allow_headers: Vec<String>,
    /// The headers of responses that they get to see.
    pub expose_headers: Vec<String>,
    /// How long a preflight may be cached, in seconds.
    pub max_age: String,
    /// May requests carry credentials?
    pub allow_credentials: bool,
    /// Is all of it off for this route?
    pub disable_for_route: bool,
}

/// How what a route says of it goes together with what its virtual host says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CorsMergeSettings {
    /// Of which of them headers are exposed.
    pub expose_headers: CorsMergeStrategy,
}

numbered! {
    /// How two lists go together.
    CorsMergeStrategy {
        /// That of the route counts, if it has any.
        Default = 0 "DEFAULT",
        /// Both count.
        Union = 1 "UNION",
    }
}
