//! Changes to the path of a request.

use serde::{Deserialize, Serialize};

/// A change of a request's path; the query stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub enum PathModifier {
    /// Replaces the whole path.
    ReplaceFullPath(String),
    /// Replaces the prefix that the rule matched.
    ReplacePrefixMatch(String),
}

/// As the CRD has it: a `type`, and a field of that name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Wire {
    ReplaceFullPath { replace_full_path: String },
    ReplacePrefixMatch { replace_prefix_match: String },
}

impl From<Wire> for PathModifier {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::ReplaceFullPath { replace_full_path } => Self::ReplaceFullPath(replace_full_path),
            Wire::ReplacePrefixMatch {
                replace_prefix_match,
            } => Self::ReplacePrefixMatch(replace_prefix_match),
        }
    }
}

impl From<PathModifier> for Wire {
    fn from(modifier: PathModifier) -> Self {
        match modifier {
            PathModifier::ReplaceFullPath(path) => Self::ReplaceFullPath {
                replace_full_path: path,
            },
            PathModifier::ReplacePrefixMatch(prefix) => Self::ReplacePrefixMatch {
                replace_prefix_match: prefix,
            },
        }
    }
}
