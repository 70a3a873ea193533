//! Which of two objects goes first where one has to.

use std::cmp::Ordering;

use gateway_model::Kind;

/// The older of two objects goes first, then the one whose `namespace/name` sorts first.
pub(crate) fn by_age<K: Kind>(a: &K, b: &K) -> Ordering {
    let age = |object: &K| object.metadata().creation_timestamp;
    age(a)
        .cmp(&age(b))
        .then_with(|| a.reference().cmp_by_text(&b.reference()))
}
