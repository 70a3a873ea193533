//! Keywords in combinations that no CRD of the Gateway API has, and others may.

use serde_json::{Value, json};

use super::{Schema, check};
use crate::tree::{Node, Path};

/// What is wrong with a value, as text.
fn violations(schema: Value, value: &Value) -> Vec<String> {
    let schema: Schema = serde_json::from_value(schema).expect("a schema");
    let mut found = Vec::new();
    check(&schema, &Node::from_json(1, value), &Path::Root, &mut found);
    found
        .iter()
        .map(|violation| violation.text.to_string())
        .collect()
}

#[test]
fn bounds_hold_for_numbers_with_a_fraction() {
    let schema = || json!({"type": "number", "minimum": 0, "maximum": 1.5});
    assert_eq!(violations(schema(), &json!(1.25)), [] as [&str; 0]);
    assert_eq!(
        violations(schema(), &json!(1.75)),
        ["expected at most 1.5, found 1.75"]
    );
    assert_eq!(
        violations(schema(), &json!(-0.5)),
        ["expected at least 0, found -0.5"]
    );
}

#[test]
fn one_of_means_exactly_one() {
    let schema = || json!({"oneOf": [{"minimum": 1}, {"maximum": 9}]});
    assert_eq!(violations(schema(), &json!(0)), [] as [&str; 0]);
    assert_eq!(violations(schema(), &json!(10)), [] as [&str; 0]);
    let both = "expected a value that fits one of its alternatives, found one that fits 2";
    assert_eq!(violations(schema(), &json!(5)), [both]);
    let any = json!({"anyOf": [{"minimum": 1}, {"maximum": 9}]});
    assert_eq!(violations(any, &json!(5)), [] as [&str; 0]);
}

#[test]
fn an_integer_or_a_string_is_null_where_that_is_allowed() {
    let with = |nullable: bool| json!({"x-kubernetes-int-or-string": true, "nullable": nullable});
    assert_eq!(violations(with(true), &Value::Null), [] as [&str; 0]);
    assert_eq!(violations(with(false), &Value::Null).len(), 1);
    assert_eq!(violations(with(true), &json!(true)).len(), 1);
    assert_eq!(violations(with(false), &json!("50%")), [] as [&str; 0]);
}

#[test]
fn entries_are_told_apart_by_the_whole_value() {
    let schema = json!({
        "type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"},
    });
    let long = "a".repeat(100);
    let values = json!([format!("{long}b"), format!("{long}c")]);
    assert_eq!(violations(schema, &values), [] as [&str; 0]);
}
