//! The validation rules of a schema.

use super::{Schema, Text, Violation};
use crate::Code;
use crate::tree::{Node, Path, Value};

/// Finds the rules that a value breaks. The value has no structural violations that would keep an
/// API server from looking at rules.
pub(crate) fn check_rules(
    schema: &Schema,
    node: &Node,
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    for rule in &schema.rules {
        if !rule.rule.is_transition() && rule.rule.holds(node) != Ok(true) {
            found.push(Violation {
                code: Code::RuleViolated,
                line: node.line,
                field: path.to_string(),
                text: Text::Message(rule.message.clone()),
            });
        }
    }
    match &node.value {
        Value::Map(map) => {
            for (key, node) in map {
                let Some(property) = schema.property(key) else {
                    continue;
                };
                let path = match schema.properties.contains_key(key) {
                    true => Path::Field(path, key),
                    false => Path::Key(path, key),
                };
                check_rules(property, node, &path, found);
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
