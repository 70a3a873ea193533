//! From a tree to a resource of a kind.

use super::kinds::Entry;
use super::{metadata, status};
use crate::schema::{Schema, Text, Violation, check, check_rules, prune};
use crate::tree::{DecodeError, Node, Path};
use crate::{Code, FieldLines, Location, ObjectRef, Problem, Resource, Severity};

/// Does what an API server does with an object, then decodes it. Without a resource there is at
/// least one error among the problems.
pub(super) fn load(
    entry: &Entry,
    schema: &Schema,
    mut node: Node,
    at: &dyn Fn(u32) -> Location,
) -> (Option<(Resource, FieldLines)>, Vec<Problem>) {
    let mut unknown = Vec::new();
    prune(schema, &mut node, &Path::Root, &mut unknown);
    metadata::fill_in(entry, &mut node);
    status::settle(schema, &mut node, &mut unknown);
    let mut errors = Vec::new();
    validate(entry, schema, &node, &mut errors);
    let loaded = match errors.is_empty() {
        true => decode(entry, &mut node)
            .map(|resource| (resource, FieldLines::of(&node)))
            .map_err(|error| errors.push(undecodable(&node, &error)))
            .ok(),
        false => None,
    };
    let reporter = Reporter::new(entry, &node, at);
    let warnings = unknown
        .into_iter()
        .map(|violation| (Severity::Warning, violation));
    let errors = errors
        .into_iter()
        .map(|violation| (Severity::Error, violation));
    let problems = warnings.chain(errors);
    (
        loaded,
        problems
            .map(|(severity, v)| reporter.problem(severity, v))
            .collect(),
    )
}

/// A status that cannot be read is none.
pub(super) fn decode(
    entry: &Entry,
    node: &mut Node,
) -> Result<Resource, serde_path_to_error::Error<DecodeError>> {
    (entry.decode)(node).or_else(|error| match status::holds(&error) {
        true => {
            status::remove(node);
            (entry.decode)(node)
        }
        false => Err(error),
    })
}

fn validate(entry: &Entry, schema: &Schema, node: &Node, errors: &mut Vec<Violation>) {
    check(schema, node, &Path::Root, errors);
    metadata::check(entry, node, errors);
    if !errors.iter().any(|error| blocks_rules(error.code)) {
        check_rules(schema, node, &Path::Root, errors);
    }
}

/// Does an API server leave rules alone after such an error? Rules may count on types and
/// required fields.
fn blocks_rules(code: Code) -> bool {
    matches!(code, Code::WrongType | Code::Required | Code::NotSupported)
}

/// Names the object as well as it can be named.
fn reference(entry: &Entry, node: &Node) -> ObjectRef {
    let text = |key: &str| {
        let found = node.get("metadata").and_then(|metadata| metadata.get(key));
        found.and_then(Node::as_str).unwrap_or_default()
    };
    ObjectRef::new(entry.group, entry.kind, text("namespace"), text("name"))
}

/// A value that its schema admits, but its type doesn't.
pub(super) fn undecodable(
    node: &Node,
    error: &serde_path_to_error::Error<DecodeError>,
) -> Violation {
    use serde_path_to_error::Segment;
    let mut place = node;
    for segment in error.path() {
        let next = match (segment, &place.value) {
            (Segment::Map { key }, crate::tree::Value::Map(map)) => map.get(key),
            (Segment::Seq { index }, crate::tree::Value::List(items)) => items.get(*index),
            _ => None,
        };
        place = next.unwrap_or(place);
    }
    Violation {
        code: Code::InvalidValue,
        line: place.line,
        field: error.path().to_string(),
        text: Text::Message(error.inner().to_string()),
    }
}

/// Makes problems of violations.
pub(super) struct Reporter<'a> {
    resource: ObjectRef,
    /// Are values kept out of messages?
    secret: bool,
    at: &'a dyn Fn(u32) -> Location,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(entry: &Entry, node: &Node, at: &'a dyn Fn(u32) -> Location) -> Self {
        Self {
            resource: reference(entry, node),
            secret: entry.secret,
            at,
        }
    }

    pub(super) fn problem(&self, severity: Severity, violation: Violation) -> Problem {
        let Violation {
            code,
            line,
            field,
            text,
        } = violation;
        let message = match (text, self.secret) {
            (Text::Expected(expected, _), true) => {
                format!("expected {expected}, found another value")
            }
            (Text::Message(_), true) if severity == Severity::Error => {
                "expected a value that fits its field, found another".to_owned()
            }
            (text, _) => text.to_string(),
        };
        Problem {
            severity,
            code,
            location: (self.at)(line),
            resource: Some(self.resource.clone()),
            field: Some(field).filter(|field| !field.is_empty()),
            message,
        }
    }
}
