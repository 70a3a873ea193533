//! Merge keys (`<<`).

use super::SyntaxError;
use crate::Code;
use crate::tree::{Map, Node, Value};

/// Adds the entries of a map, or of each map of a list, that `map` doesn't have.
///
/// # Errors
/// `source` is neither.
pub(super) fn merge(map: &mut Map, source: Node) -> Result<(), SyntaxError> {
    match source.value {
        Value::Map(entries) => {
            for (key, node) in entries {
                map.entry(key).or_insert(node);
            }
            Ok(())
        }
        Value::List(maps) => maps.into_iter().try_for_each(|entry| match entry.value {
            Value::Map(_) => merge(map, entry),
            other => Err(refuse(entry.line, &other)),
        }),
        other => Err(refuse(source.line, &other)),
    }
}

fn refuse(line: u32, found: &Value) -> SyntaxError {
    let message = format!(
        "expected a map or a list of maps to merge, found {}",
        found.describe()
    );
    SyntaxError::new(Code::Syntax, line, message)
}
