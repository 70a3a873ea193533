//! What an API server does before it validates: drop unknown fields and nulls, fill in defaults.

use super::keywords::{AdditionalProperties, Type};
use super::{Schema, Text, Violation};
use crate::Code;
use crate::tree::{Map, Node, Path, Value};

/// Brings an object into the form in which it is validated and stored. Fields that the schema
/// doesn't have are dropped and listed.
pub(crate) fn prune(
    schema: &Schema,
    node: &mut Node,
    path: &Path<'_>,
    unknown: &mut Vec<Violation>,
) {
    match &mut node.value {
        Value::Map(map) if schema.takes_maps() => prune_map(schema, node.line, map, path, unknown),
        Value::List(items) => {
            let Some(schema) = &schema.items else { return };
            for (index, item) in items.iter_mut().enumerate() {
                prune(schema, item, &Path::Index(path, index), unknown);
            }
        }
        Value::Float(number) if schema.type_ == Some(Type::Integer) => {
            if let Some(integer) = as_integer(*number) {
                node.value = Value::Int(integer);
            }
        }
        _ => {}
    }
}

fn prune_map(
    schema: &Schema,
    line: u32,
    map: &mut Map,
    path: &Path<'_>,
    unknown: &mut Vec<Violation>,
) {
    map.retain(|key, node| {
        let known = schema.property(key);
        if known.is_none() && !schema.keeps_unknown {
            unknown.push(drop_unknown(schema, key, node.line, path));
            return false;
        }
        // A null where a value is required is kept, for its place.
        let is_missing = |property: &Schema| {
            property.default.is_none() && schema.required.iter().any(|name| name == key)
        };
        let drops_null = known.is_some_and(|property| !property.nullable && !is_missing(property));
        let drops_empty = known.is_some_and(|property| property.empty_is_absent);
        let is_absent = match &node.value {
            Value::Null => drops_null,
            _ => drops_empty && node.as_str() == Some(""),
        };
        !is_absent
    });
    for (name, property) in &schema.properties {
        if let (Some(default), false) = (&property.default, map.contains_key(name)) {
            map.insert(name.clone(), Node::from_json(line, default));
        }
    }
    for (key, node) in map {
        let Some(property) = schema.property(key) else {
            continue;
        };
        prune(property, node, &schema.entry_path(key, path), unknown);
    }
}

impl Schema {
    /// May a value be a map? What is in one that isn't wanted needs no warning.
    fn takes_maps(&self) -> bool {
        self.type_.is_none_or(|own| own == Type::Object)
    }

    /// The schema of an entry of a map.
    pub(crate) fn property(&self, key: &str) -> Option<&Self> {
        static ANY: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| Schema {
            keeps_unknown: true,
            ..Schema::default()
        });
        self.properties
            .get(key)
            .or_else(|| match self.additional_properties.as_ref()? {
                AdditionalProperties::Each(schema) => Some(schema),
                AdditionalProperties::Any(true) => Some(&ANY),
                AdditionalProperties::Any(false) => None,
            })
    }
}

fn drop_unknown(schema: &Schema, key: &str, line: u32, path: &Path<'_>) -> Violation {
    let mut names: Vec<_> = schema.properties.keys().map(String::as_str).collect();
    names.sort_unstable();
    let text = match closest(key, &names) {
        Some(name) => format!("expected a field of the schema, found {key:?}; is {name} meant?"),
        None => format!("expected a field of the schema, found {key:?}"),
    };
    Violation {
        code: Code::UnknownField,
        line,
        field: Path::Field(path, key).to_string(),
        text: Text::Message(text),
    }
}

/// The name that differs from `key` in its case or in a letter or two.
fn closest<'n>(key: &str, names: &[&'n str]) -> Option<&'n str> {
    let key = key.to_ascii_lowercase();
    let distance = |name: &&str| distance(key.as_bytes(), name.to_ascii_lowercase().as_bytes());
    let near = names.iter().map(|name| (distance(name), *name)).min()?;
    (near.0 <= 2 && near.0 < key.len()).then_some(near.1)
}

/// How many letters must be added, dropped or replaced to get from one word to the other.
pub(crate) fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate().take(64) {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// A number without fraction, as Go's JSON takes `80.0` for an integer.
fn as_integer(number: f64) -> Option<i64> {
    let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    exact.then_some(number as i64)
}
