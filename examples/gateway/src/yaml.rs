//! Values as YAML, laid out as kubectl lays them out.

use serde_json::{Map, Value};

/// One document, with the line that starts it.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::from("---\n");
    match value {
        Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut out),
        scalar => {
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
    out
}

/// The entries of a mapping whose first line is indented already.
fn mapping(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (i, (key, value)) in map.iter().enumerate() {
        if i > 0 {
            pad(indent, out);
        }
        out.push_str(&string(key));
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                mapping(inner, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(indent, out);
                sequence(items, indent, out);
            }
            scalar => {
                out.push(' ');
                out.push_str(&inline(scalar));
                out.push('\n');
            }
        }
    }
}

/// The items of a sequence whose first line is indented already.
fn sequence(items: &[Value], indent: usize, out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            pad(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(map, indent + 2, out),
            Value::Array(inner) if !inner.is_empty() => sequence(inner, indent + 2, out),
            scalar => {
                out.push_str(&inline(scalar));
                out.push('\n');
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A value that fits on one line: JSON is YAML, but for strings that need no quotes.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}

/// Quoted unless it can be nothing but a string.
fn string(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

/// Words of letters, digits and `-_./`, starting with a letter, that no YAML version reads as
/// anything but a string.
fn is_plain(text: &str) -> bool {
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .split(' ')
            .all(|word| !word.is_empty() && word.bytes().all(is_plain_byte))
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn documents_look_as_kubectl_prints_them() {
        let value = json!({
            "kind": "Gateway",
            "metadata": {"name": "web", "labels": {}},
            "status": {
                "addresses": [],
                "conditions": [
                    {"message": "all is well", "observedGeneration": 0, "status": "True"},
                    {"message": "no: not \"that\"\n", "status": "False"},
                ],
                "nested": [["a", 1], "b"],
            },
        });
        let expected = r#"---
kind: Gateway
metadata:
  labels: {}
  name: web
status:
  addresses: []
  conditions:
  - message: all is well
    observedGeneration: 0
    status: "True"
  - message: "no: not \"that\"\n"
    status: "False"
  nested:
  - - a
    - 1
  - b
"#;
        assert_eq!(document(&value), expected);
    }

    #[test]
    fn strings_that_could_be_read_as_something_else_are_quoted() {
        for text in [
            "",
            "1",
            "1e3",
            "0x1f",
            "~",
            "no",
            "NULL",
            "a: b",
            "a #b",
            "- a",
            "*a",
            "a ",
            "2024-01-01",
            ".5",
            "é",
        ] {
            let line = document(&json!(text));
            assert!(line.starts_with("---\n\""), "{text:?}: {line}");
        }
        assert_eq!(
            document(&json!("app.kubernetes.io/name")),
            "---\napp.kubernetes.io/name\n"
        );
    }
}
