//! Requests that are counted together.

use serde::Deserialize;

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    /// Requests that are counted together, the first that takes one.
    pub virtual_clusters: Vec<VirtualCluster>,
}

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct VirtualCluster {
    /// What they are counted under.
    pub name: String,
    /// What their path has to match.
    pub pattern: String,
    /// Their method; any, when it is empty.
    pub method: String,
}
