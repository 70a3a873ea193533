//! Where settings come from.

use gateway_model::Source;
use serde::{Deserialize, Serialize};

/// A value and where it came from. Policies merge by replacing whole `Sourced` values, so a value can
/// never be told apart from its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who set it, and where.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value that `source` sets in its field of that path.
    pub fn new(value: T, field: impl Into<Box<str>>, source: Source) -> Self {
        let origin = Origin {
            field: field.into(),
            sources: vec![source],
        };
        Self { value, origin }
    }
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The field of each source that has it, as in `spec.rules[0].timeouts.request`.
    pub field: Box<str>,
    /// The resources that it came from, the one that counts most first; never empty.
    pub sources: Vec<Source>,
}
