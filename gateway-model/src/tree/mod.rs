//! Values as a document has them, each with its line.

mod de;
mod json;
mod path;

use indexmap::IndexMap;

pub(crate) use de::Error as DecodeError;
pub(crate) use path::Path;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Line, from 1: of the key for a value of a map, else of the value's start.
    pub(crate) line: u32,
    /// The value.
    pub(crate) value: Value,
}

/// A value as JSON has them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Map),
}

/// A map in the order of the document.
pub(crate) type Map = IndexMap<String, Node>;

impl Node {
    /// A value at a line.
    pub(crate) fn new(line: u32, value: Value) -> Self {
        Self { line, value }
    }

    /// The entry of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// The map, if it is one.
    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// What it is, with its article: `a string`.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// What it is, with the value where it is short: `the string "x"`.
    pub(crate) fn show(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::String(text) => quote(text),
            other => other.describe().to_owned(),
        }
    }
}

/// The text in quotes, shortened to some 80 characters.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{:?}... ({} bytes)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}
