//! Changes to whole messages, by templates.

mod inja;
mod template;

pub use template::{Template, TemplateError};

use std::fmt;
use std::hash::{Hash, Hasher};

use gateway_model::{HeaderName, Invalid};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::FieldMatch;
use crate::ir::Match;

/// Changes to messages, at three places among the stages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transformations {
    /// Before anybody is asked about the request.
    pub early: TransformationStage,
    /// After that.
    pub regular: TransformationStage,
    /// After all other stages.
    pub last: TransformationStage,
}

/// Changes at one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformationStage {
    /// The first of these whose matches take the request changes it, and its response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestTransformation>,
    /// The first of these that takes the response changes it, unless one of `requests` does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub responses: Vec<ResponseTransformation>,
}

impl TransformationStage {
    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.responses.is_empty()
    }
}

/// Changes to some requests, and to their responses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTransformation {
    /// It is for requests that any of these takes; for all when empty.
    pub matches: Vec<Match>,
    /// And that have these headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<FieldMatch>,
    /// What becomes of the request.
    pub request: Option<Transformation>,
    /// Does the request look for its rule again, once it was changed?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reroutes: bool,
    /// What becomes of its response.
    pub response: Option<Transformation>,
}

/// Changes to some responses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseTransformation {
    /// It is for responses with all of these headers; `:status` is one.
    pub headers: Vec<FieldMatch>,
    /// And that are given for this reason, in Envoy's words, such as `via_upstream`; for any, when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<str>>,
    /// What becomes of the response.
    pub response: Transformation,
}

/// What becomes of a message: headers first set, then removed, then added, with values that templates make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transformation {
    /// Values out of the message, for templates, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extractors: Vec<(Box<str>, Extractor)>,
    /// Headers that are set; those that come to nothing are removed. `:path`, `:method`, `:authority` and `:status` are
    /// what HTTP/2 has under these names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(Box<str>, Template)>,
    /// Headers that are removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<HeaderName>,
    /// Headers that are added to those that are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub append: Vec<(HeaderName, Template)>,
    /// Values that later templates get by `dynamic_metadata`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<MetadataValue>,
    /// What becomes of the body.
    pub body: BodyTransformation,
    /// What templates know of the body.
    pub parsing: BodyParsing,
    /// Are texts written as in a string of JSON?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub escapes: bool,
    /// Are extracted values variables as well?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub extractions_are_variables: bool,
}

/// What becomes of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BodyTransformation {
    /// It is read, and stays.
    #[default]
    Keep,
    /// It streams through, unread.
    PassThrough,
    /// This takes its place.
    Text(Template),
    /// The extracted values are put into it, at the paths that their names are.
    MergeExtractors,
    /// These keys are put into it, with what of JSON their templates come to.
    MergeKeys(Vec<MergedKey>),
    /// The whole message as JSON takes its place: its `headers` and its `body`.
    Message {
        /// With what there is of a request besides: method, path and query?
        with_target: bool,
    },
}

/// A value that is kept for as long as the request lasts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataValue {
    /// Whose it is.
    pub namespace: Box<str>,
    /// Under which key.
    pub key: Box<str>,
    /// What it is. What comes to nothing is left out.
    pub value: Template,
    /// Is it JSON, rather than a text?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_json: bool,
}

/// A key that is put into a body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergedKey {
    /// The key, of the outermost object.
    pub key: Box<str>,
    /// Its value.
    pub value: Template,
    /// Is it put there as well when it comes to nothing?
    pub even_if_empty: bool,
}

/// What templates know of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BodyParsing {
    /// Its fields: it has to be JSON.
    #[default]
    Json,
    /// Its fields, if it is JSON.
    JsonIfPossible,
    /// Its text alone.
    Nothing,
}

/// A value out of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extractor {
    /// Where it is taken from.
    pub from: Extracted,
    /// What has to match.
    pub pattern: Captures,
    /// What is done with that.
    pub mode: ExtractionMode,
}

/// Where a value is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Extracted {
    /// A header.
    Header(Box<str>),
    /// The body.
    Body,
}

/// What is done with a match.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExtractionMode {
    /// This group of it is the value; nothing when the whole text doesn't match.
    Extract(usize),
    /// The text with this in place of the group, when the whole text matches.
    ReplaceGroup(usize, Box<str>),
    /// The text with this in place of each match; `$1` stands for a group.
    ReplaceAll(Box<str>),
}

/// A regular expression with groups.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Captures(Regex);

impl Captures {
    /// Compiles it, as the `regex` crate reads it.
    ///
    /// # Errors
    /// What is no regular expression, and what is larger than 512 KiB when compiled.
    pub fn new(written: &str) -> Result<Self, Invalid> {
        let builder = regex::RegexBuilder::new(written)
            .size_limit(crate::ir::Pattern::MAX_SIZE)
            .build();
        builder
            .map(Self)
            .map_err(|_| Invalid::new("a regular expression (RE2 syntax)", written))
    }

    /// The expression, compiled.
    pub fn regex(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for Captures {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Captures {}

impl Hash for Captures {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl fmt::Debug for Captures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

impl TryFrom<String> for Captures {
    type Error = Invalid;

    fn try_from(written: String) -> Result<Self, Invalid> {
        Self::new(&written)
    }
}

impl From<Captures> for String {
    fn from(captures: Captures) -> Self {
        captures.0.as_str().to_owned()
    }
}
