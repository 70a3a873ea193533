//! What is known of a rule, for those who ask.

use serde::{Deserialize, Serialize};

/// Values by their paths, in order: a namespace, then keys within keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RuleMetadata(pub Vec<(Vec<Box<str>>, Box<str>)>);

impl RuleMetadata {
    /// The value at a path.
    pub fn get(&self, path: &[Box<str>]) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| &**value)
    }
}
