//! The structural rules of a schema.

use std::collections::HashSet;

use super::keywords::{ListType, Type};
use super::{Schema, Text, Violation, combined, format, pattern};
use crate::Code;
use crate::tree::{Map, Node, Path, Value};

/// Finds all that is wrong with a value, apart from the validation rules.
pub(crate) fn check(schema: &Schema, node: &Node, path: &Path<'_>, found: &mut Vec<Violation>) {
    let before = found.len();
    let mut report = Report {
        line: node.line,
        path,
        found,
    };
    if !has_type(schema, &node.value) {
        let expected = match (schema.int_or_string, schema.type_) {
            (true, _) => "an integer or a string",
            (false, Some(kind)) => kind.describe(),
            (false, None) => "a value",
        };
        report.add(Code::WrongType, expected, found_type(schema, &node.value));
        return;
    }
    check_options(schema, node, &mut report);
    match &node.value {
        Value::String(text) => check_text(schema, text, &mut report),
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        Value::Int(number) => check_number(schema, *number as f64, &mut report),
        Value::Float(number) => check_number(schema, *number, &mut report),
        Value::List(items) => check_list(schema, items, &mut report),
        Value::Map(map) => check_map(schema, map, &mut report),
        Value::Bool(_) | Value::Null => {}
    }
    if found.len() == before {
        combined::check(schema, node, path, found);
    }
}

/// Where violations of one value go.
struct Report<'a> {
    line: u32,
    path: &'a Path<'a>,
    found: &'a mut Vec<Violation>,
}

impl Report<'_> {
    fn add(&mut self, code: Code, expected: impl Into<String>, found: impl Into<String>) {
        self.found.push(Violation {
            code,
            line: self.line,
            field: self.path.to_string(),
            text: Text::Expected(expected.into(), found.into()),
        });
    }

    /// Holds a size between two bounds.
    fn bounds(
        &mut self,
        code: Code,
        size: usize,
        min: Option<usize>,
        max: Option<usize>,
        unit: &str,
    ) {
        if let Some(min) = min.filter(|min| size < *min) {
            self.add(code, format!("at least {min} {unit}"), size.to_string());
        }
        if let Some(max) = max.filter(|max| size > *max) {
            self.add(code, format!("at most {max} {unit}"), size.to_string());
        }
    }
}

fn has_type(schema: &Schema, value: &Value) -> bool {
    match (schema.type_, value) {
        (own, Value::Null) => schema.nullable || (own.is_none() && !schema.int_or_string),
        (_, value) if schema.int_or_string => {
            matches!(value, Value::Int(_) | Value::String(_))
        }
        (None, _) => true,
        (Some(kind), value) => matches!(
            (kind, value),
            (Type::Object, Value::Map(_))
                | (Type::Array, Value::List(_))
                | (Type::String, Value::String(_))
                | (Type::Integer, Value::Int(_))
                | (Type::Number, Value::Int(_) | Value::Float(_))
                | (Type::Boolean, Value::Bool(_))
        ),
    }
}

/// What was found instead; with a hint where quotes are missing.
fn found_type(schema: &Schema, value: &Value) -> String {
    match (schema.type_, value) {
        (Some(Type::String), Value::Bool(_) | Value::Int(_) | Value::Float(_)) => {
            format!("{} {} (put it in quotes)", value.describe(), value.show())
        }
        _ => value.show(),
    }
}

fn check_options(schema: &Schema, node: &Node, report: &mut Report<'_>) {
    if schema.options.is_empty() || schema.options.contains(&node.to_json()) {
        return;
    }
    let options: Vec<_> = schema.options.iter().map(ToString::to_string).collect();
    let expected = match options.as_slice() {
        [only] => only.clone(),
        _ => format!("one of {}", options.join(", ")),
    };
    report.add(Code::NotSupported, expected, node.value.show());
}

fn check_text(schema: &Schema, text: &str, report: &mut Report<'_>) {
    let Schema {
        min_length,
        max_length,
        ..
    } = *schema;
    report.bounds(
        Code::WrongLength,
        text.chars().count(),
        min_length,
        max_length,
        "characters",
    );
    if let Some(pattern) = &schema.pattern
        && !pattern.0.is_match(text)
    {
        let expected = pattern::describe(pattern.0.as_str());
        report.add(Code::InvalidValue, expected, crate::tree::quote(text));
    }
    if let Err(expected) = format::check_text(&schema.format, text) {
        report.add(Code::InvalidValue, expected, crate::tree::quote(text));
    }
}

fn check_number(schema: &Schema, number: f64, report: &mut Report<'_>) {
    let (min, max) = format::range(&schema.format);
    let min = schema.minimum.unwrap_or(min);
    let max = schema.maximum.unwrap_or(max);
    if number < min {
        report.add(
            Code::InvalidValue,
            format!("at least {min}"),
            number.to_string(),
        );
    }
    if number > max {
        report.add(
            Code::InvalidValue,
            format!("at most {max}"),
            number.to_string(),
        );
    }
}

/// How many entries of a list are looked at beyond its limit.
const BEYOND: usize = 64;

fn check_list(schema: &Schema, items: &[Node], report: &mut Report<'_>) {
    let Schema {
        min_items,
        max_items,
        ..
    } = *schema;
    report.bounds(
        Code::WrongCount,
        items.len(),
        min_items,
        max_items,
        "entries",
    );
    // of the entries beyond the limit, some are looked at: there may be very many
    let most = max_items.map_or(usize::MAX, |max| max.saturating_add(BEYOND));
    let items = &items[..items.len().min(most)];
    if let Some(schema) = &schema.items {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &Path::Index(report.path, index), report.found);
        }
    }
    check_unique(schema, items, report);
}

/// Entries of sets and of maps in the form of lists must be told apart by their keys.
fn check_unique(schema: &Schema, items: &[Node], report: &mut Report<'_>) {
    let parts = |item: &'_ Node| -> Vec<Option<Node>> {
        match schema.list_type {
            ListType::Set => vec![Some(item.clone())],
            _ => {
                let keys = schema.list_keys.iter();
                keys.map(|key| item.get(key).cloned()).collect()
            }
        }
    };
    if schema.list_type == ListType::Atomic {
        return;
    }
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let parts = parts(item);
        // Whole values are compared; what is shown of them may be cut.
        let key: Vec<_> = parts
            .iter()
            .map(|part| part.as_ref().map(|node| node.to_json().to_string()))
            .collect();
        if !seen.insert(key) {
            let path = Path::Index(report.path, index);
            let expected = match schema.list_keys.as_slice() {
                [] => "each value once".to_owned(),
                keys => format!("each {} once", keys.join(" and ")),
            };
            let mut report = Report {
                line: item.line,
                path: &path,
                found: report.found,
            };
            let shown = parts.iter().flatten().map(|node| node.value.show());
            let shown = shown.collect::<Vec<_>>().join(", ");
            report.add(Code::DuplicateEntry, expected, format!("{shown} again"));
        }
    }
}

fn check_map(schema: &Schema, map: &Map, report: &mut Report<'_>) {
    report.bounds(
        Code::WrongCount,
        map.len(),
        None,
        schema.max_properties,
        "entries",
    );
    for name in &schema.required {
        let path = Path::Field(report.path, name);
        let line = match map.get(name) {
            None => report.line,
            Some(node) if is_missing(schema, name, node) => node.line,
            Some(_) => continue,
        };
        let mut report = Report {
            line,
            path: &path,
            found: report.found,
        };
        report.add(Code::Required, "a value", "none");
    }
    for (key, node) in map {
        if is_missing(schema, key, node) {
            continue;
        }
        let Some(property) = schema.property(key) else {
            continue;
        };
        check(
            property,
            node,
            &schema.entry_path(key, report.path),
            report.found,
        );
    }
}

/// Is a required value left out, by writing null in its place?
fn is_missing(schema: &Schema, key: &str, node: &Node) -> bool {
    let nullable = || {
        schema
            .property(key)
            .is_none_or(|property| property.nullable)
    };
    node.value == Value::Null && schema.required.iter().any(|name| name == key) && !nullable()
}
