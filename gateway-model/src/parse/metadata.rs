//! The rules for names, namespaces, labels and annotations, which no schema holds.

use super::kinds::{Entry, Names};
use crate::Code;
use crate::schema::{Text, Violation};
use crate::tree::{Map, Node, Path, Value, quote};

/// The namespace of objects that name none.
const DEFAULT_NAMESPACE: &str = "default";
/// Most bytes of all annotations of an object.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Fills in the namespace where one is needed and takes it away where none is, as kubectl and the
/// API server do.
pub(super) fn fill_in(entry: &Entry, node: &mut Node) {
    let Value::Map(object) = &mut node.value else {
        return;
    };
    let Some(Node {
        line,
        value: Value::Map(metadata),
    }) = object.get_mut("metadata")
    else {
        return;
    };
    if !entry.namespaced {
        metadata.shift_remove("namespace");
        return;
    }
    let empty = metadata
        .get("namespace")
        .is_none_or(|node| node.as_str() == Some(""));
    if empty {
        let name = Node::new(*line, Value::String(DEFAULT_NAMESPACE.to_owned()));
        metadata.insert("namespace".to_owned(), name);
    }
}

/// Finds what is wrong with an object's metadata.
pub(super) fn check(entry: &Entry, node: &Node, found: &mut Vec<Violation>) {
    let root = Path::Root;
    let path = Path::Field(&root, "metadata");
    let Some(metadata) = node.get("metadata") else {
        add(
            found,
            Code::Required,
            node.line,
            &path,
            "a value",
            "none".to_owned(),
        );
        return;
    };
    let Some(metadata_map) = metadata.as_map() else {
        return;
    };
    check_name(entry, metadata, &path, found);
    if let Some((namespace, line)) = text_of(metadata_map, "namespace")
        && !is_label(namespace)
    {
        let path = Path::Field(&path, "namespace");
        add(
            found,
            Code::InvalidMetadata,
            line,
            &path,
            LABEL,
            quote(namespace),
        );
    }
    check_labels(metadata_map, &path, found);
    check_annotations(metadata_map, &path, found);
}

fn check_name(entry: &Entry, metadata: &Node, path: &Path<'_>, found: &mut Vec<Violation>) {
    let path = Path::Field(path, "name");
    let name = metadata.as_map().and_then(|map| text_of(map, "name"));
    match name {
        None if metadata.get("name").is_some() => {}
        None => add(
            found,
            Code::Required,
            metadata.line,
            &path,
            "a name",
            "none".to_owned(),
        ),
        Some((name, line)) => {
            let (fits, expected) = match entry.names {
                Names::Label => (is_label(name), LABEL),
                Names::Subdomain => (is_subdomain(name), SUBDOMAIN),
            };
            if !fits {
                add(
                    found,
                    Code::InvalidMetadata,
                    line,
                    &path,
                    expected,
                    quote(name),
                );
            }
        }
    }
}

fn check_labels(metadata: &Map, path: &Path<'_>, found: &mut Vec<Violation>) {
    let path = Path::Field(path, "labels");
    for (key, node) in metadata
        .get("labels")
        .and_then(Node::as_map)
        .into_iter()
        .flatten()
    {
        let path = Path::Key(&path, key);
        if !is_qualified_name(key) {
            add(
                found,
                Code::InvalidMetadata,
                node.line,
                &path,
                KEY,
                quote(key),
            );
        }
        let Some(value) = node
            .as_str()
            .filter(|value| !value.is_empty() && !is_word(value))
        else {
            continue;
        };
        let expected =
            "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends";
        add(
            found,
            Code::InvalidMetadata,
            node.line,
            &path,
            expected,
            quote(value),
        );
    }
}

fn check_annotations(metadata: &Map, path: &Path<'_>, found: &mut Vec<Violation>) {
    let path = Path::Field(path, "annotations");
    let Some(annotations) = metadata.get("annotations") else {
        return;
    };
    let mut size = 0;
    for (key, node) in annotations.as_map().into_iter().flatten() {
        size += key.len() + node.as_str().map_or(0, str::len);
        if !is_qualified_name(&key.to_ascii_lowercase()) {
            let path = Path::Key(&path, key);
            add(
                found,
                Code::InvalidMetadata,
                node.line,
                &path,
                KEY,
                quote(key),
            );
        }
    }
    if size > MAX_ANNOTATIONS {
        let expected = format!("at most {MAX_ANNOTATIONS} bytes");
        add(
            found,
            Code::InvalidMetadata,
            annotations.line,
            &path,
            &expected,
            size.to_string(),
        );
    }
}

const LABEL: &str =
    "at most 63 lower-case letters, digits and '-', with a letter or digit at both ends";
const SUBDOMAIN: &str = "a lower-case DNS name of at most 253 characters";
const KEY: &str = "a name such as \"app\" or \"example.com/app\"";

/// An entry that is a text, and its line.
fn text_of<'a>(map: &'a Map, key: &str) -> Option<(&'a str, u32)> {
    let node = map.get(key)?;
    Some((node.as_str()?, node.line))
}

fn add(
    found: &mut Vec<Violation>,
    code: Code,
    line: u32,
    path: &Path<'_>,
    expected: &str,
    actual: String,
) {
    let text = Text::Expected(expected.to_owned(), actual);
    found.push(Violation {
        code,
        line,
        field: path.to_string(),
        text,
    });
}

/// RFC 1123 label.
fn is_label(name: &str) -> bool {
    name.len() <= 63 && !name.contains(['.', '_']) && is_edged(name) && !has_upper(name)
}

/// RFC 1123 subdomain.
fn is_subdomain(name: &str) -> bool {
    let label = |label: &str| is_edged(label) && !label.contains('_') && !has_upper(label);
    name.len() <= 253 && name.split('.').all(label)
}

/// A label's key: a name of at most 63 characters, behind a domain and a slash or not.
fn is_qualified_name(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_word(name),
        None => is_word(key),
    }
}

/// At most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_word(word: &str) -> bool {
    word.len() <= 63 && is_edged(word)
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_edged(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn has_upper(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase())
}
