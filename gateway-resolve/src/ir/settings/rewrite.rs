//! Changes of where a request goes, beside those of filters.

use gateway_model::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::Captures;

/// Changes the path of requests; their query stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathChange {
    /// Puts this in place of what of the path was matched: a prefix, or else all of it.
    Matched(Box<str>),
    /// Puts a text in place of each match of a pattern.
    Pattern(Substitution),
}

/// Changes the host of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HostChange {
    /// To this one.
    To(HeaderValue),
    /// To what this header of the request says, if it is there.
    Header(HeaderName),
    /// To what becomes of the path, without its query.
    Path(Substitution),
}

/// A text in place of each match of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    /// What is looked for.
    pub pattern: Captures,
    /// What is put in its place; `\1` to `\9` stand for groups of it, `\0` for all of it.
    pub with: Box<str>,
}

impl Substitution {
    /// What becomes of `text`.
    pub fn apply(&self, text: &str) -> String {
        let place = |captures: &regex::Captures<'_>| {
            let (mut made, mut rest) = (String::new(), &*self.with);
            while let Some((before, after)) = rest.split_once('\\') {
                made.push_str(before);
                let digit = after.bytes().next().filter(u8::is_ascii_digit);
                match digit {
                    Some(digit) => {
                        let group = captures.get(usize::from(digit - b'0'));
                        made.push_str(group.map_or("", |group| group.as_str()));
                        rest = &after[1..];
                    }
                    None => {
                        let escaped = after.strip_prefix('\\');
                        made.push('\\');
                        rest = escaped.unwrap_or(after);
                    }
                }
            }
            made + rest
        };
        self.pattern.regex().replace_all(text, place).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Captures, Substitution};

    #[test]
    fn groups_stand_in_what_is_put_in_place() {
        let rows = [
            ("^/a/(.*)/b$", r"/x/\1", "/a/1/b", "/x/1"),
            ("a(.)", r"\1\0", "a1-a2", "1a1-2a2"),
            ("a", r"\\\9", "a", r"\"),
            ("^/x", "/y", "/a", "/a"),
        ];
        for (pattern, with, text, want) in rows {
            let substitution = Substitution {
                pattern: Captures::new(pattern).unwrap(),
                with: with.into(),
            };
            assert_eq!(substitution.apply(text), want, "{pattern} {with}");
        }
    }
}
