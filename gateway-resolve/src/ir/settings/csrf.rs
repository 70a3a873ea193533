//! Protection from requests that another site has a browser send.

use serde::{Deserialize, Serialize};

use crate::ir::{Fraction, Pattern};

/// Requests that change something (POST, PUT, DELETE, PATCH) have to come from the host that they are for, or from
/// one of these: as `Origin` says, or `Referer` where there is none. Others are answered with 403.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csrf {
    /// The share of requests that are held to it.
    pub share: Fraction,
    /// Hosts, with their ports, that requests may come from besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_origins: Vec<TextMatch>,
}

/// What a text is held against.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextMatch {
    /// How.
    pub kind: TextMatchKind,
    /// Is case ignored? Not by patterns, which say that themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignores_case: bool,
}

/// How a text is held against another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TextMatchKind {
    /// It is this.
    Exact(Box<str>),
    /// It starts with this.
    Prefix(Box<str>),
    /// It ends with this.
    Suffix(Box<str>),
    /// It has this in it.
    Contains(Box<str>),
    /// The whole of it matches this.
    Pattern(Pattern),
}

impl TextMatch {
    /// Does `text` match?
    pub fn matches(&self, text: &str) -> bool {
        if !self.ignores_case {
            return self.kind.matches(text);
        }
        let lower = |text: &str| text.to_ascii_lowercase().into_boxed_str();
        let kind = match &self.kind {
            TextMatchKind::Exact(exact) => TextMatchKind::Exact(lower(exact)),
            TextMatchKind::Prefix(prefix) => TextMatchKind::Prefix(lower(prefix)),
            TextMatchKind::Suffix(suffix) => TextMatchKind::Suffix(lower(suffix)),
            TextMatchKind::Contains(part) => TextMatchKind::Contains(lower(part)),
            TextMatchKind::Pattern(pattern) => return pattern.is_match(text),
        };
        kind.matches(&lower(text))
    }
}

impl TextMatchKind {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == &**exact,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
            Self::Contains(part) => text.contains(&**part),
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}
