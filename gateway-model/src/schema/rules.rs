//! The validation rules of a schema.

use super::keywords::{ListType, Rule};
use super::{Schema, Text, Violation};
use crate::Code;
use crate::tree::{Node, Path, Value};

/// Finds the rules that a value breaks, apart from those about lists and maps that are too long: these may be very
/// long. The value has no structural violations that would keep an
/// API server from looking at rules.
pub(crate) fn check_rules(
    schema: &Schema,
    node: &Node,
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    if schema.is_exceeded_by(node) {
        return;
    }
    for rule in &schema.rules {
        if !rule.rule.is_transition() && rule.rule.holds(node) != Ok(true) {
            found.push(violation(rule, node, path));
        }
    }
    match &node.value {
        Value::Map(map) => {
            for (key, node) in map {
                let Some(property) = schema.property(key) else {
                    continue;
                };
                check_rules(property, node, &schema.entry_path(key, path), found);
            }
        }
        Value::List(items) => {
            let Some(schema) = &schema.items else { return };
            for (index, item) in items.iter().enumerate() {
                check_rules(schema, item, &Path::Index(path, index), found);
            }
        }
        _ => {}
    }
}

/// Finds the rules about changes that a change from `old` to `node` breaks. What wasn't there before has no such
/// rules, nor has an entry of a list that nothing tells from others.
pub(crate) fn check_transitions(
    schema: &Schema,
    (old, node): (&Node, &Node),
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    for rule in &schema.rules {
        if rule.rule.is_transition() && rule.rule.holds_after(old, node) != Ok(true) {
            found.push(violation(rule, node, path));
        }
    }
    match (&old.value, &node.value) {
        (Value::Map(old), Value::Map(map)) => {
            for (key, node) in map {
                let (Some(old), Some(property)) = (old.get(key), schema.property(key)) else {
                    continue;
                };
                check_transitions(property, (old, node), &schema.entry_path(key, path), found);
            }
        }
        (Value::List(old), Value::List(items)) if schema.list_type == ListType::Map => {
            let Some(entries) = &schema.items else { return };
            let same =
                |a: &Node, b: &Node| schema.list_keys.iter().all(|key| a.get(key) == b.get(key));
            for (index, item) in items.iter().enumerate() {
                if let Some(old) = old.iter().find(|old| same(old, item)) {
                    check_transitions(entries, (old, item), &Path::Index(path, index), found);
                }
            }
        }
        _ => {}
    }
}

impl Schema {
    /// Has a list or map more entries than it may have?
    fn is_exceeded_by(&self, node: &Node) -> bool {
        match &node.value {
            Value::List(items) => self.max_items.is_some_and(|max| items.len() > max),
            Value::Map(map) => self.max_properties.is_some_and(|max| map.len() > max),
            _ => false,
        }
    }
}

fn violation(rule: &Rule, node: &Node, path: &Path<'_>) -> Violation {
    Violation {
        code: Code::RuleViolated,
        line: node.line,
        field: path.to_string(),
        text: Text::Message(rule.message.clone()),
    }
}
