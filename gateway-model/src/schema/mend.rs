//! What is left of a value when what is wrong with it is taken away.

use super::Schema;
use crate::tree::{Node, Value};

/// Takes away the smallest parts that are wrong. Is the value right after that?
pub(crate) fn mend(
    schema: &Schema,
    node: &mut Node,
    is_right: &dyn Fn(&Schema, &Node) -> bool,
) -> bool {
    if is_right(schema, node) {
        return true;
    }
    match &mut node.value {
        Value::Map(map) => map.retain(|key, value| {
            let known = schema.property(key);
            known.is_none_or(|schema| mend(schema, value, is_right))
        }),
        Value::List(items) => {
            if let Some(schema) = schema.entries() {
                items.retain_mut(|item| mend(schema, item, is_right));
            }
        }
        _ => {}
    }
    is_right(schema, node)
}
