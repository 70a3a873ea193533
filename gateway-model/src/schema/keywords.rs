//! The values of some keywords.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::Schema;
use crate::cel::Program;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

impl Type {
    /// With its article.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Object => "a map",
            Self::Array => "a list",
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
        }
    }
}

/// What tells the entries of a list apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ListType {
    /// Nothing.
    #[default]
    Atomic,
    /// Their value.
    Set,
    /// The values of some of their fields.
    Map,
}

/// The schema of the entries of a map; `true` admits any.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum AdditionalProperties {
    Any(bool),
    Each(Box<Schema>),
}

/// A pattern; those with the same text share one expression.
#[derive(Debug)]
pub(super) struct Pattern(pub(super) Arc<Regex>);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Regex>>>> = LazyLock::new(Mutex::default);
        let text = String::deserialize(deserializer)?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known.get(&text) {
            return Ok(Self(regex.clone()));
        }
        let regex = Arc::new(Regex::new(&text).map_err(D::Error::custom)?);
        known.insert(text, regex.clone());
        Ok(Self(regex))
    }
}

/// A validation rule and what to say when it is broken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(deserialize_with = "program")]
    pub(crate) rule: Program,
    pub(crate) message: String,
}

fn program<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Program, D::Error> {
    Program::compile(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
