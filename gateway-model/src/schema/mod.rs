//! Schemas, in the form that CRDs have them (OpenAPI v3 and Kubernetes' extensions), and what an
//! API server does with them: drop what is unknown, fill in defaults, refuse what is wrong.
//!
//! The schemas of the Gateway API are those of its two channels; which one counts is the caller's choice.

mod check;
mod combined;
mod format;
mod keywords;
mod mend;
mod pattern;
mod prune;
mod rules;

use indexmap::IndexMap;
use serde::Deserialize;

pub(crate) use check::check;
pub(crate) use keywords::Rule;
use keywords::{AdditionalProperties, ListType, Pattern, Type};
pub(crate) use mend::mend;
pub(crate) use prune::{distance, prune};
pub(crate) use rules::{check_rules, check_transitions};

use crate::Code;
use crate::tree::Path;

/// A schema.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Schema {
    #[serde(rename = "type")]
    type_: Option<Type>,
    nullable: bool,
    default: Option<serde_json::Value>,
    #[serde(rename = "enum")]
    options: Vec<serde_json::Value>,
    pattern: Option<Pattern>,
    format: String,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    max_properties: Option<usize>,
    properties: IndexMap<String, Self>,
    additional_properties: Option<AdditionalProperties>,
    required: Vec<String>,
    items: Option<Box<Self>>,
    one_of: Vec<Self>,
    any_of: Vec<Self>,
    not: Option<Box<Self>>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    keeps_unknown: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    int_or_string: bool,
    /// Of fields of core kinds: their Go type has no other value for none.
    #[serde(rename = "x-empty-is-absent")]
    empty_is_absent: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    list_type: ListType,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    list_keys: Vec<String>,
    #[serde(rename = "x-kubernetes-validations")]
    rules: Vec<Rule>,
    #[serde(rename = "x-kubernetes-map-type")]
    _map_type: serde::de::IgnoredAny,
}

impl Schema {
    /// The schema of an object, out of that of its kind and that of all metadata.
    ///
    /// # Errors
    /// The text is not a schema, or has a keyword or a rule that isn't supported.
    pub(crate) fn of_object(kind: &str, metadata: &str) -> Result<Self, serde_json::Error> {
        let mut schema: Self = serde_json::from_str(kind)?;
        schema
            .properties
            .insert("metadata".to_owned(), serde_json::from_str(metadata)?);
        for name in ["apiVersion", "kind"] {
            let text = Self {
                type_: Some(Type::String),
                ..Self::default()
            };
            schema.properties.insert(name.to_owned(), text);
        }
        Ok(schema)
    }
}

impl Schema {
    /// The schema of a field that it names.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.properties.get(name)
    }

    /// What a field that is left out is filled in with.
    pub(crate) fn default_of(&self, name: &str) -> Option<&serde_json::Value> {
        self.field(name)?.default.as_ref()
    }

    /// The path of a map's entry.
    fn entry_path<'p>(&self, key: &'p str, map: &'p Path<'p>) -> Path<'p> {
        match self.properties.contains_key(key) {
            true => Path::Field(map, key),
            false => Path::Key(map, key),
        }
    }

    /// The schema of a list's entries.
    pub(crate) fn entries(&self) -> Option<&Self> {
        self.items.as_deref()
    }
}

/// Something that is wrong with a value.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    /// What is wrong.
    pub(crate) code: Code,
    /// Line, from 1.
    pub(crate) line: u32,
    /// The value's field path.
    pub(crate) field: String,
    /// What is wrong, in words.
    pub(crate) text: Text,
}

/// What is wrong, in words.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// What was expected, and what was found.
    Expected(String, String),
    /// A message of its own.
    Message(String),
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Expected(expected, found) => write!(f, "expected {expected}, found {found}"),
            Self::Message(message) => f.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests;
