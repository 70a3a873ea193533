//! A value as a compact text, for people who read what a change does to it: what fits into a line is one, references
//! are written as messages have them, and what is absent is left out.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The longest line that is not broken where it can be.
const WIDTH: usize = 120;

/// The text of `value`.
pub(crate) fn outline(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// The same without what is null, and without empty lists; an empty object may mean something.
pub(crate) fn pruned(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(pruned).collect(),
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, pruned(value)));
            fields.filter(|(_, value)| !is_absent(value)).collect()
        }
        scalar => scalar,
    }
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A value over lines that start at `indent`.
fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) if short(fields).is_none() => {
            for (index, (name, value)) in fields.iter().enumerate() {
                start(index, indent, text);
                write!(text, "{name}:").unwrap();
                entry(value, indent, text);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                start(index, indent, text);
                text.push('-');
                item_of_list(item, indent, text);
            }
        }
        other => writeln!(text, "{}", line(other)).unwrap(),
    }
}

/// Indents all lines but the first, which stands behind what it belongs to.
fn start(index: usize, indent: usize, text: &mut String) {
    if index > 0 || indent == 0 || text.ends_with('\n') {
        write!(text, "{:indent$}", "").unwrap();
    }
}

/// The value of a field: behind its name, or below it.
fn entry(value: &Value, indent: usize, text: &mut String) {
    match fits(value, text) {
        Some(line) => writeln!(text, " {line}").unwrap(),
        None => {
            text.push('\n');
            block(value, indent + 2, text);
        }
    }
}

/// An item: behind its dash, all of it.
fn item_of_list(value: &Value, indent: usize, text: &mut String) {
    text.push(' ');
    match fits(value, text) {
        Some(line) => writeln!(text, "{line}").unwrap(),
        None => block(value, indent + 2, text),
    }
}

/// The value as the rest of the last line, if there is room, or if it can't be broken.
fn fits(value: &Value, text: &str) -> Option<String> {
    let whole = line(value);
    let used = text.len() - text.rfind('\n').map_or(0, |end| end + 1);
    let breaks = matches!(value, Value::Array(items) if !items.is_empty())
        || matches!(value, Value::Object(fields) if !fields.is_empty() && short(fields).is_none());
    (!breaks || used + 1 + whole.len() <= WIDTH).then_some(whole)
}

/// A value in one line.
fn line(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => short(fields).unwrap_or_else(|| {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", line(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }),
        scalar => scalar.to_string(),
    }
}

/// A text as it is, in quotes where it could be taken for something else.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./*:@=+()'% ".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/*.".contains(c))
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !matches!(text, "true" | "false" | "null");
    match is_word {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

/// What has a form of its own.
fn short(fields: &Map<String, Value>) -> Option<String> {
    reference(fields).or_else(|| condition(fields))
}

/// `Accepted=False NoMatchingParent (generation 2, since 2026-01-01T00:00:00Z): why`
fn condition(fields: &Map<String, Value>) -> Option<String> {
    let text = |name| fields.get(name).and_then(Value::as_str);
    let (kind, status, reason) = (text("type")?, text("status")?, text("reason")?);
    let (since, message) = (text("lastTransitionTime")?, text("message")?);
    let generation = fields.get("observedGeneration")?;
    let is_whole = fields.len() == 6;
    is_whole.then(|| {
        format!("{kind}={status} {reason} (generation {generation}, since {since}): {message}")
    })
}

/// `Service shop/cart`; `gloo.solo.io/Upstream shop/cart` for one of another family.
fn reference(fields: &Map<String, Value>) -> Option<String> {
    let text = |name| fields.get(name).and_then(Value::as_str);
    let (group, kind) = (text("group")?, text("kind")?);
    let (namespace, name) = (text("namespace")?, text("name")?);
    if fields.len() != 4 {
        return None;
    }
    let family = match group {
        "" | "gateway.networking.k8s.io" => String::new(),
        other => format!("{other}/"),
    };
    let place = match namespace {
        "" => String::new(),
        namespace => format!("{namespace}/"),
    };
    Some(format!("{family}{kind} {place}{name}"))
}
