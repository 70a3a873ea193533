//! What is wrong with a resource, and how it ends in a condition and in findings.

use std::fmt::Write as _;

use gateway_model::ObjectRef;

use crate::reason::Reason;

/// One thing that is wrong: why, where, and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem<R> {
    /// The reason that it gives a condition.
    pub(crate) reason: R,
    /// The field, as in `spec.rules[0].backendRefs[1]`; empty when it is no single one.
    pub(crate) field: String,
    /// What is wrong and what would be right.
    pub(crate) message: String,
    /// The resource that is referred to and does not exist, where that is what is wrong.
    pub(crate) missing: Option<Box<ObjectRef>>,
}

impl<R> Problem<R> {
    pub(crate) fn new(reason: R, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            message: message.into(),
            missing: None,
        }
    }

    /// The same, because `object` does not exist.
    pub(crate) fn missing(self, object: ObjectRef) -> Self {
        Self {
            missing: Some(Box::new(object)),
            ..self
        }
    }

    /// The same, for another condition.
    pub(crate) fn with_reason<S>(&self, reason: S) -> Problem<S> {
        Problem {
            missing: self.missing.clone(),
            ..Problem::new(reason, self.field.clone(), self.message.clone())
        }
    }

    /// The field and the message, as one text.
    pub(crate) fn text(&self) -> String {
        match self.field.as_str() {
            "" => self.message.clone(),
            field => format!("{field}: {}", self.message),
        }
    }
}

/// A condition to be: a reason and a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict<R> {
    pub(crate) reason: R,
    pub(crate) message: String,
}

impl<R: Reason> Verdict<R> {
    pub(crate) fn new(reason: R, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    /// `good` when there are no problems, else the reason of the first and the texts of all.
    pub(crate) fn of(problems: &[Problem<R>], good: R, message: &str) -> Self {
        match problems.first() {
            None => Self::new(good, message),
            Some(first) => Self::new(first.reason, texts(problems)),
        }
    }
}

/// A condition's message is to be read; problems beyond this many are counted.
const MAX_TEXTS: usize = 16;

/// The texts of all problems, in one line.
pub(crate) fn texts<R>(problems: &[Problem<R>]) -> String {
    let mut text = String::new();
    for problem in problems.iter().take(MAX_TEXTS) {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{separator}{}", problem.text());
    }
    if problems.len() > MAX_TEXTS {
        let _ = write!(text, "; and {} more", problems.len() - MAX_TEXTS);
    }
    text
}
