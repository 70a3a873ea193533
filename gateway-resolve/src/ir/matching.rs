//! Matches as data.

use std::fmt;

use gateway_model::{HeaderName, Method};
use serde::{Deserialize, Serialize};

use super::Pattern;

/// Conditions that a request must meet, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The path.
    pub path: PathMatch,
    /// The method; `None` takes any.
    pub method: Option<Method>,
    /// Headers, each name at most once.
    pub headers: Vec<HeaderMatch>,
    /// Query parameters, each name at most once.
    pub query: Vec<QueryMatch>,
}

impl fmt::Display for Match {
    /// `path prefix "/api", method GET, header X-Version = "next", query page ~ "[0-9]+"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            method,
            headers,
            query,
        } = self;
        path.fmt(f)?;
        if let Some(method) = method {
            write!(f, ", method {method}")?;
        }
        for HeaderMatch { name, value } in headers {
            write!(f, ", header {name} {value}")?;
        }
        for QueryMatch { name, value } in query {
            write!(f, ", query {name} {value}")?;
        }
        Ok(())
    }
}

/// A condition on the path (without the query).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathMatch {
    /// The whole path, byte for byte.
    Exact(Box<str>),
    /// Leading path segments: `/foo` matches `/foo` and `/foo/bar`, not `/foobar`. Written without
    /// a trailing slash, save for `/` itself, which matches every path.
    Prefix(Box<str>),
    /// A regular expression that has to match the whole path.
    Regex(Pattern),
    /// Exactly two segments, of which this is the second: a method of whichever gRPC service.
    Method(Box<str>),
}

impl PathMatch {
    /// A prefix, its trailing slash dropped.
    pub fn prefix(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "" => Self::Prefix("/".into()),
            trimmed => Self::Prefix(trimmed.into()),
        }
    }

    /// Does `path` meet the condition?
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == &**exact,
            Self::Prefix(prefix) if &**prefix == "/" => true,
            Self::Prefix(prefix) => path
                .strip_prefix(&**prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Self::Regex(pattern) => pattern.is_match(path),
            Self::Method(method) => method_of(path) == Some(method),
        }
    }
}

/// The method of a gRPC request by its path, `/service/method`
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
pub fn method_of(path: &str) -> Option<&str> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    (!service.is_empty() && !method.is_empty() && !method.contains('/')).then_some(method)
}

impl fmt::Display for PathMatch {
    /// `path exactly "/a"`, `path prefix "/a"`, `path ~ "/a.*"` or `path "/*/a"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => write!(f, "path exactly {path:?}"),
            Self::Prefix(path) => write!(f, "path prefix {path:?}"),
            Self::Regex(pattern) => write!(f, "path ~ {pattern:?}"),
            Self::Method(method) => write!(f, "path \"/*/{}\"", method.escape_debug()),
        }
    }
}

/// A condition on a header. Values of a repeated header are joined with `,` before they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeaderMatch {
    /// The header.
    pub name: HeaderName,
    /// Its value.
    pub value: ValueMatch,
}

/// A condition on a query parameter. The first value of a repeated parameter counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QueryMatch {
    /// The parameter, compared byte for byte after percent-decoding.
    pub name: Box<str>,
    /// Its value.
    pub value: ValueMatch,
}

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValueMatch {
    /// Equal, byte for byte.
    Exact(Box<str>),
    /// A regular expression that has to match the whole value.
    Regex(Pattern),
}

impl ValueMatch {
    /// Does `value` meet the condition?
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Exact(exact) => value == &**exact,
            Self::Regex(pattern) => pattern.is_match(value),
        }
    }
}

impl fmt::Display for ValueMatch {
    /// `= "a"`, or `~ "a.*"` for a regular expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => write!(f, "= {exact:?}"),
            Self::Regex(pattern) => write!(f, "~ {pattern:?}"),
        }
    }
}

/// `path` with those percent-encoded octets written plainly that stand for unreserved characters: letters, digits,
/// `-`, `.`, `_`, `~`. The two forms are the same path (RFC 3986 section 6.2.2.2). `None` when there are none.
pub fn unescape_unreserved(path: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::new(), path);
    while let Some((at, character)) = first_escape(rest) {
        plain.push_str(&rest[..at]);
        plain.push(character);
        rest = &rest[at + 3..];
    }
    let found = rest.len() < path.len();
    found.then(|| plain + rest)
}

/// Where the first escape of an unreserved character is, and the character.
fn first_escape(text: &str) -> Option<(usize, char)> {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .windows(3)
        .enumerate()
        .find_map(|(at, window)| {
            let [b'%', high, low] = *window else {
                return None;
            };
            let code = hex(high)? * 16 + hex(low)?;
            let character = char::from_u32(code)?;
            let unreserved = character.is_ascii_alphanumeric() || "-._~".contains(character);
            unreserved.then_some((at, character))
        })
}

#[cfg(test)]
mod tests {
    use gateway_model::{HeaderName, Method};

    use super::{HeaderMatch, Match, PathMatch, Pattern, QueryMatch, ValueMatch};

    #[test]
    fn a_match_is_written_on_one_line() {
        let matches = Match {
            path: PathMatch::prefix("/api/"),
            method: Some(Method::new("GET").unwrap()),
            headers: vec![HeaderMatch {
                name: HeaderName::new("X-Version").unwrap(),
                value: ValueMatch::Exact("next".into()),
            }],
            query: vec![QueryMatch {
                name: "page".into(),
                value: ValueMatch::Regex(Pattern::new("[0-9]+").unwrap()),
            }],
        };
        let written =
            r#"path prefix "/api", method GET, header X-Version = "next", query page ~ "[0-9]+""#;
        assert_eq!(matches.to_string(), written);
    }

    #[test]
    fn a_prefix_matches_whole_segments() {
        let rows = [
            ("/foo", "/foo", true),
            ("/foo", "/foo/", true),
            ("/foo", "/foo/bar", true),
            ("/foo", "/foobar", false),
            ("/foo/", "/foo", true),
            ("/", "/anything", true),
            ("/Foo", "/foo", false),
        ];
        for (prefix, path, want) in rows {
            assert_eq!(
                PathMatch::prefix(prefix).matches(path),
                want,
                "{prefix} with {path}"
            );
        }
    }
}
