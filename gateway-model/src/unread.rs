//! What was stored, and isn't understood.

use serde::{Deserialize, Serialize};

/// The key under which a tree says what isn't understood of an object. No manifest has it: schemas don't.
pub(crate) const KEY: &str = "\0unread";

/// A part of a stored object that isn't understood: its CRD is newer, or another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The field, as in `spec.rules[2].filters[0].type`.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}
