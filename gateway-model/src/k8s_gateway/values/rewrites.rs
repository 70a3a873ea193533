//! Rewrites of paths and hosts.

use serde::Deserialize;

/// A regular expression (RE2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Regex {
    /// The expression.
    pub regex: String,
}

/// A pattern, and what takes the place of what it matches: `\1` stands for the first group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RegexRewrite {
    /// What is looked for.
    pub pattern: Regex,
    /// What takes its place.
    pub substitution: String,
}

/// Which host a backend is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum HostRewrite {
    /// This one.
    HostRewrite(String),
    /// That of the endpoint, where it has a name.
    AutoHostRewrite(bool),
    /// What the path becomes.
    HostRewritePathRegex(RegexRewrite),
    /// What a header says.
    HostRewriteHeader(String),
}
