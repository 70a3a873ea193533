//! What is to be written to one object.

use std::hash::{DefaultHasher, Hash, Hasher};

use gateway_model::ObjectRef;
use gateway_resolve::Status;
use serde::Serialize;
use serde_json::Value;

/// One write, under the version of the object that it was planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    /// What of which object.
    pub(crate) key: Key,
    /// The version that it was planned for: another one must not be overwritten.
    pub(crate) version: Option<String>,
    /// What is written.
    pub(crate) content: Content,
    /// What is wanted, whatever others have written beside it.
    pub(crate) wish: Fingerprint,
    /// What is stored.
    pub(crate) stored: Fingerprint,
}

/// A part of an object that is written at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) object: ObjectRef,
    pub(crate) part: Part,
}

impl Key {
    pub(crate) fn new(object: ObjectRef, part: Part) -> Self {
        Self { object, part }
    }
}

/// Parts of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Finalizers,
    Status,
    /// As far as this controller has a say in it.
    Object,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Finalizers, Self::Status, Self::Object];
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// All finalizers, those of others included.
    Finalizers(Vec<String>),
    /// The whole status, what others wrote included.
    Status(Box<Status>),
    /// A merge patch of the object itself, with the version that it is for.
    Patch(Value),
    /// An object, as far as this controller has a say in it; it is made where there is none (server-side apply).
    Object(Value),
}

/// Tells values apart, the times of conditions aside: a condition that goes to and fro has a new one
/// each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let mut value = serde_json::to_value(value).unwrap_or_default();
        forget_times(&mut value);
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        Self(hasher.finish())
    }
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("lastTransitionTime");
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fingerprint;

    #[test]
    fn a_fingerprint_tells_everything_but_times() {
        let condition = |status: &str, time: &str| json!({"conditions": [{"status": status, "lastTransitionTime": time}]});
        let of = |status, time| Fingerprint::of(&condition(status, time));
        assert_eq!(of("True", "1"), of("True", "2"));
        assert_ne!(of("True", "1"), of("False", "1"));
    }
}
