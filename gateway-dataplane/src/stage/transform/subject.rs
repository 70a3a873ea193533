//! What templates see of a message.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use minijinja::value::{Object, Value};

use crate::admit::Metadata;
use crate::forward::entropy;

/// The headers of a message, pseudo-headers included, by names in lower case.
pub(super) type Headers = BTreeMap<String, String>;

/// What templates see of a message.
pub(super) struct Subject {
    pub(super) headers: Arc<Headers>,
    pub(super) around: Around,
    pub(super) body: Bytes,
    /// The body, where it was read as JSON.
    pub(super) json: Value,
    pub(super) extractions: BTreeMap<Box<str>, String>,
    /// Are extracted values variables as well?
    pub(super) extractions_are_variables: bool,
    /// Are texts written as in a string of JSON?
    pub(super) escapes: bool,
    /// The texts that stand for patterns, each the same throughout the message.
    pub(super) randoms: Mutex<BTreeMap<String, String>>,
}

/// What there is around a message.
pub(super) struct Around {
    /// The headers of the request, where the message is a response.
    pub(super) request: Arc<Headers>,
    /// What stages keep for each other.
    pub(super) metadata: Metadata,
}

impl Subject {
    /// The variable at `path`, unless a template has set one of that name.
    pub(super) fn variable(&self, path: &[&str]) -> Option<Value> {
        if self.extractions_are_variables
            && let Some(extracted) = self.extractions.get(path.join(".").as_str())
        {
            return Some(Value::from(extracted.as_str()));
        }
        walk(self.json.clone(), path)
    }

    /// The text that stands for `pattern`.
    pub(super) fn random(&self, pattern: &str) -> String {
        let mut randoms = self.randoms.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || format!("{:016x}{:016x}", entropy::random(), entropy::random());
        randoms
            .entry(pattern.to_owned())
            .or_insert_with(new)
            .clone()
    }
}

/// What is at `path` within `value`.
pub(super) fn walk(value: Value, path: &[&str]) -> Option<Value> {
    path.iter().try_fold(value, |value, segment| {
        let found = match segment.parse::<usize>() {
            Ok(index) if value.kind() == minijinja::value::ValueKind::Seq => {
                value.get_item_by_index(index).ok()?
            }
            _ => value.get_attr(segment).ok()?,
        };
        (!found.is_undefined()).then_some(found)
    })
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

impl Object for Subject {}

/// The name under which functions find the subject; none that a template can write.
pub(super) const NAME: &str = "\u{1f}";

/// The variables of a template, which are the subject alone: its fields are asked for by functions.
#[derive(Debug)]
pub(super) struct Root(pub(super) Arc<Subject>);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let is_subject = key.as_str() == Some(NAME);
        is_subject.then(|| Value::from_dyn_object(Arc::clone(&self.0)))
    }
}
