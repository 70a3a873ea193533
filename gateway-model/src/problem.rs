//! What is wrong with manifests, and where.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ObjectRef;

/// Something that is wrong with a manifest.
///
/// Displayed as one line: `file:line: error[Code]: HTTPRoute default/web: spec.rules[0]: message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Does it keep a resource from being used?
    pub severity: Severity,
    /// What is wrong, as a stable word.
    pub code: Code,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// The resource, where one could be made out.
    pub resource: Option<ObjectRef>,
    /// The field, as in `spec.rules[2].matches[0].path`.
    pub field: Option<String>,
    /// What was expected and what was found.
    pub message: String,
}

/// Does a problem keep a resource from being used?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The resource is used, but not all that it says.
    Warning,
    /// The resource is not used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, as it was named to the parser.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Which of the file's documents, from 0.
    pub document: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            code,
            location,
            resource,
            field,
            message,
        } = self;
        write!(f, "{location}: {severity}[{code}]: ")?;
        if let Some(resource) = resource {
            write!(f, "{resource}: ")?;
        }
        if let Some(field) = field {
            write!(f, "{field}: ")?;
        }
        f.write_str(message)
    }
}

/// Declares [`Code`] with the word of each variant.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What is wrong with a manifest, as a stable word.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word, as in `UnknownField`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What the code says, in a sentence or two.
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

codes! {
    /// The file, directory or standard input can't be read.
    Unreadable,
    /// The document is not YAML or JSON, or not UTF-8.
    Syntax,
    /// A mapping has the same key twice.
    DuplicateKey,
    /// The document is larger, deeper or has more nodes (aliases expanded) than is read.
    TooLarge,
    /// The document is not an object with `apiVersion` and `kind`.
    NotAnObject,
    /// The file has no resources, or the directory no files with any.
    Empty,
    /// The kind is known, but not in this version.
    UnservedVersion,
    /// The kind is not known; the object is handed back unread.
    UnknownKind,
    /// The schema has no such field; an API server would drop it.
    UnknownField,
    /// The value is of another type.
    WrongType,
    /// A required field is missing.
    Required,
    /// The value is not one of those that are supported.
    NotSupported,
    /// The value breaks a rule of its field: a range, a pattern, a format.
    InvalidValue,
    /// A text is too short or too long.
    WrongLength,
    /// A list or map has too many or too few entries.
    WrongCount,
    /// A list has two entries with the same key.
    DuplicateEntry,
    /// The value breaks a validation rule of the CRD; the message is the rule's own.
    RuleViolated,
    /// The metadata break the rules for names, namespaces, labels or annotations.
    InvalidMetadata,
    /// The resource was given before; the first one is kept.
    DuplicateResource,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
