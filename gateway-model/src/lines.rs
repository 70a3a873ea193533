//! Where the fields of an object stand in its file.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher};

use crate::tree::{Node, Value};

/// The lines of an object's fields.
///
/// Takes 16 bytes for each field that doesn't stand on the line of the one around it: paths are
/// kept as hashes. `Debug` output leaves them out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldLines {
    /// The line of the object.
    object: u32,
    /// Hashes of paths, ordered, with their lines. A clash of hashes is too unlikely to matter.
    fields: Box<[(u64, u32)]>,
}

impl FieldLines {
    pub(crate) fn of(object: &Node) -> Self {
        let mut fields = Vec::new();
        add(object, object.line, &mut String::new(), &mut fields);
        fields.sort_unstable();
        Self {
            object: object.line,
            fields: fields.into(),
        }
    }

    /// The line, from 1, of a field such as `spec.rules[2].matches[0].path`: of its key, or of the
    /// start of an item of a list. A field that isn't in the file, such as one that was filled in,
    /// has the line of what is around it.
    pub fn line(&self, field: &str) -> u32 {
        let mut path = field;
        while !path.is_empty() {
            let hash = hash(path);
            if let Ok(found) = self.fields.binary_search_by_key(&hash, |(hash, _)| *hash) {
                return self.fields[found].1;
            }
            path = &path[..path.rfind(['.', '[']).unwrap_or(0)];
        }
        self.object
    }
}

impl fmt::Debug for FieldLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldLines")
            .field("object", &self.object)
            .finish_non_exhaustive()
    }
}

/// Adds what is at `path` and inside, where the line is another than that `around` it.
fn add(node: &Node, around: u32, path: &mut String, fields: &mut Vec<(u64, u32)>) {
    if node.line != around {
        fields.push((hash(path), node.line));
    }
    let end = path.len();
    match &node.value {
        Value::Map(map) => {
            for (key, value) in map {
                if end > 0 {
                    path.push('.');
                }
                path.push_str(key);
                add(value, node.line, path, fields);
                path.truncate(end);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                // Writing to a text does not fail.
                let _ = write!(path, "[{index}]");
                add(item, node.line, path, fields);
                path.truncate(end);
            }
        }
        _ => {}
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(path.as_bytes());
    hasher.finish()
}
