//! Options, each read on its own.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// An option as it was written, and what it says.
///
/// Equal to another one when both were written alike.
#[derive(Debug, Clone)]
pub struct Field<T> {
    /// Its name, as it was written: of a one-of the one that is used.
    pub name: &'static str,
    /// What was written.
    pub written: Value,
    /// What it says, or why it says nothing.
    pub read: Result<T, FieldError>,
    /// The paths inside it that are known and not honoured, as in `buffer.other`.
    pub unread: Vec<Box<str>>,
}

impl<T> PartialEq for Field<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.written == other.written
    }
}

impl<T> Eq for Field<T> {}

/// What is wrong with an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    /// Where in the option, as in `abort.httpStatus`; empty for all of it.
    pub path: Box<str>,
    /// What is wrong.
    pub message: Box<str>,
}

impl FieldError {
    /// Something that is wrong with all of an option.
    pub fn new(message: impl Into<Box<str>>) -> Self {
        Self {
            path: "".into(),
            message: message.into(),
        }
    }

    /// The same, of the field `name` of an option.
    #[must_use]
    pub fn within(self, name: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        Self {
            path: format!("{name}{separator}{}", self.path).into(),
            ..self
        }
    }
}

impl<T: DeserializeOwned> Field<T> {
    /// Reads the option that goes by one of `names`, which exclude each other.
    ///
    /// Where there are several, the value is that of the one-of's only member, tagged by its name.
    pub(super) fn of(
        names: &'static [&'static str],
        fields: &mut Map<String, Value>,
    ) -> Option<Self> {
        let mut present: Vec<(&'static str, Value)> = Vec::new();
        for name in names {
            let written = fields.remove(*name).filter(|value| is_set(name, value));
            present.extend(written.map(|written| (*name, written)));
        }
        let all: Vec<_> = present.iter().map(|(name, _)| *name).collect();
        let (name, written) = present.into_iter().next()?;
        let mut unread = Vec::new();
        let read = match (&all[..], names.len()) {
            ([_], 1) => read(&written, &mut unread),
            ([_], _) => {
                let tagged = Map::from_iter([(name.to_owned(), written.clone())]);
                read(&Value::Object(tagged), &mut unread)
            }
            _ => Err(FieldError::new(format!(
                "expected one of {}, found {}",
                names.join(", "),
                all.join(" and ")
            ))),
        };
        Some(Self {
            name,
            written,
            read,
            unread,
        })
    }
}

fn read<T: DeserializeOwned>(value: &Value, unread: &mut Vec<Box<str>>) -> Result<T, FieldError> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    let read = serde_ignored::deserialize(tracked, |path| {
        let path = path.to_string().replace(".?", "");
        unread.push(path.trim_start_matches("?.").into());
    });
    read.map_err(|error| {
        let path = track.path().to_string();
        FieldError {
            path: if path == "." { "".into() } else { path.into() },
            message: error.to_string().into(),
        }
    })
}

/// The options that are maps rather than messages: an empty one is not set.
const MAPS: [&str; 1] = ["envoyMetadata"];

/// Does a value set anything?
fn is_set(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty() || !MAPS.contains(&name),
        _ => true,
    }
}

/// Options that are known and not honoured, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub(super) Map<String, Value>);

impl Fields {
    /// Takes out those of `names` that are set.
    pub(super) fn take(names: &[&str], fields: &mut Map<String, Value>) -> Self {
        let taken = names.iter().filter_map(|name| {
            let value = fields.remove(*name)?;
            is_set(name, &value).then(|| ((*name).to_owned(), value))
        });
        Self(taken.collect())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What was written for one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}
