//! The error of a value that breaks the rules of its type.

/// A value that its type does not admit: what was expected, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct Invalid {
    expected: &'static str,
    found: String,
}

impl Invalid {
    /// Says that `found` is not `expected` (a noun phrase: "a lower-case DNS name").
    pub fn new(expected: &'static str, found: impl Into<String>) -> Self {
        Self {
            expected,
            found: found.into(),
        }
    }

    /// What a valid value looks like, as a noun phrase.
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// The value that was refused.
    pub fn found(&self) -> &str {
        &self.found
    }
}
