//! `oneOf`, `anyOf` and `not`.

use super::{Schema, Text, Violation};
use crate::Code;
use crate::tree::{Node, Path};

/// Finds what is wrong with a value by these keywords.
pub(super) fn check(schema: &Schema, node: &Node, path: &Path<'_>, found: &mut Vec<Violation>) {
    if let Some(not) = &schema.not
        && violations(not, node, path).is_empty()
    {
        found.push(Violation {
            code: Code::NotSupported,
            line: node.line,
            field: path.to_string(),
            text: Text::Expected("another value".to_owned(), node.value.show()),
        });
    }
    for (alternatives, exclusive) in [(&schema.one_of, true), (&schema.any_of, false)] {
        let outcomes: Vec<_> = alternatives
            .iter()
            .map(|one| violations(one, node, path))
            .collect();
        let fitting = outcomes.iter().filter(|own| own.is_empty()).count();
        match fitting {
            0 if !outcomes.is_empty() => found.extend(explain(outcomes)),
            2.. if exclusive => found.push(Violation {
                code: Code::InvalidValue,
                line: node.line,
                field: path.to_string(),
                text: Text::Expected(
                    "a value that fits one of its alternatives".to_owned(),
                    format!("one that fits {fitting}"),
                ),
            }),
            _ => {}
        }
    }
}

fn violations(schema: &Schema, node: &Node, path: &Path<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    super::check(schema, node, path, &mut found);
    found
}

/// Why no alternative fits: what each expected of the one value at fault, else what the nearest
/// alternative lacks. An alternative for another value of an enumeration is far.
fn explain(outcomes: Vec<Vec<Violation>>) -> Vec<Violation> {
    let same_value = outcomes
        .windows(2)
        .all(|pair| match (&*pair[0], &*pair[1]) {
            ([a], [b]) => a.field == b.field,
            _ => false,
        });
    let expected: Vec<_> = outcomes
        .iter()
        .flatten()
        .filter_map(|v| v.text.expected())
        .collect();
    let joined = expected.join(" or ");
    let other_case = |v: &Violation| v.code == Code::NotSupported;
    let distance = |one: &Vec<Violation>| (one.iter().any(other_case), one.len());
    let mut nearest = outcomes
        .into_iter()
        .min_by_key(distance)
        .unwrap_or_default();
    if same_value
        && let [
            Violation {
                text: Text::Expected(expected, _),
                ..
            },
        ] = nearest.as_mut_slice()
    {
        *expected = joined;
    }
    nearest
}

impl Text {
    fn expected(&self) -> Option<&str> {
        match self {
            Self::Expected(expected, _) => Some(expected),
            Self::Message(_) => None,
        }
    }
}
