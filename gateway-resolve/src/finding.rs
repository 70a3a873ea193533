//! What is not accepted or does not resolve, one by one.

use std::fmt;

use gateway_model::ObjectRef;
use serde::Serialize;

/// One thing that keeps a resource from doing all that it says.
///
/// Conditions sum findings up: a condition has one reason, a finding is one field. Displayed as
/// `HTTPRoute default/web: spec.rules[0].backendRefs[0]: message (BackendNotFound)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The resource that has to change.
    pub resource: ObjectRef,
    /// The field, as in `spec.rules[0].backendRefs[1]`, where there is a single one.
    pub field: Option<String>,
    /// Why: the reason of a condition.
    pub code: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The resource that is referred to and does not exist, where that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<ObjectRef>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            resource,
            code,
            field,
            message,
            missing: _,
        } = self;
        match field {
            Some(field) => write!(f, "{resource}: {field}: {message} ({code})"),
            None => write!(f, "{resource}: {message} ({code})"),
        }
    }
}
