//! The status in a manifest. An API server ignores it when an object is created, and keeps what an older
//! schema allowed, so nothing in it speaks against the object.

use serde_path_to_error::Segment;

use crate::schema::{Schema, Violation, check, check_rules, mend};
use crate::tree::{DecodeError, Node, Path, Value};

const FIELD: &str = "status";

/// Takes away what the schema doesn't allow in the status, and what was said of its fields.
pub(super) fn settle(schema: &Schema, node: &mut Node, unknown: &mut Vec<Violation>) {
    unknown.retain(|violation| !is_below(&violation.field));
    let (Some(schema), Value::Map(map)) = (schema.field(FIELD), &mut node.value) else {
        return;
    };
    if map
        .get_mut(FIELD)
        .is_some_and(|status| !mend(schema, status, &is_right))
    {
        map.shift_remove(FIELD);
    }
}

/// Takes the status away.
pub(super) fn remove(node: &mut Node) {
    if let Value::Map(map) = &mut node.value {
        map.shift_remove(FIELD);
    }
}

/// Is it the status that cannot be decoded?
pub(super) fn holds(error: &serde_path_to_error::Error<DecodeError>) -> bool {
    let first = error.path().iter().next();
    matches!(first, Some(Segment::Map { key }) if key == FIELD)
}

fn is_below(field: &str) -> bool {
    let rest = field.strip_prefix(FIELD);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn is_right(schema: &Schema, node: &Node) -> bool {
    let mut found = Vec::new();
    check(schema, node, &Path::Root, &mut found);
    if found.is_empty() {
        check_rules(schema, node, &Path::Root, &mut found);
    }
    found.is_empty()
}
