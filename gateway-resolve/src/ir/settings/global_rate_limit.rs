//! Rate limits that a server keeps.

use std::time::Duration;

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

use super::TextMatch;
use crate::ir::Target;

/// A server that is asked whether there were too many requests like this one: by a call of
/// `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. Then the request is answered with 429.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitServer {
    /// Who is asked; who is refused gives no answer.
    pub server: Target,
    /// The `:authority` that it is called by; one of the backend's when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Box<str>>,
    /// Under which name its configuration has these limits.
    pub domain: Box<str>,
    /// How long its answer is waited for.
    pub timeout: Duration,
    /// Are requests refused, with 500, when it gives no answer? If not, they pass.
    pub mandatory: bool,
    /// Is it asked before authorization? If not, after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_authorization: bool,
}

/// What a rate-limit server is told of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitDescriptors {
    /// Descriptors. One of which a part is missing is left out; without any the server is not asked.
    pub descriptors: Vec<Vec<DescriptorEntry>>,
    /// Is it told of those of the host as well?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub includes_host: bool,
}

/// A part of what a rate-limit server is told of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DescriptorEntry {
    /// A header's value, under this key; missing without the header.
    Header(HeaderName, Box<str>),
    /// The client's address, under `remote_address`.
    ClientAddress,
    /// The name of the only backend that requests go to, under `destination_cluster`; missing where there are several.
    Backend,
    /// A value under a key.
    Fixed(Box<str>, Box<str>),
    /// What is known of the rule; missing where nothing is, and there is no other value.
    RuleMetadata {
        /// Under which key.
        key: Box<str>,
        /// What of it.
        path: Vec<Box<str>>,
        /// What is told where that is not known.
        otherwise: Option<Box<str>>,
    },
    /// A value under `header_match`; missing unless that the headers match is as expected.
    IfHeaders {
        /// The value.
        value: Box<str>,
        /// Do they have to match?
        expected: bool,
        /// The headers, all of which have to match.
        headers: Vec<FieldMatch>,
    },
}

/// What a header is held against. One that is not there matches only where it must not be there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMatch {
    /// Its name, in lower case; `:status` and the like are what HTTP/2 has under these names.
    pub name: Box<str>,
    /// What it has to be.
    pub test: FieldTest,
    /// Or has it to be anything else?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverted: bool,
}

/// What a header has to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FieldTest {
    /// It is there.
    Present,
    /// A text.
    Text(TextMatch),
    /// A number from the first to before the second.
    Number(i64, i64),
}

impl FieldMatch {
    /// Does a value match, or that there is none?
    pub fn matches(&self, value: Option<&str>) -> bool {
        let holds = match (&self.test, value) {
            (FieldTest::Present, value) => value.is_some(),
            (_, None) => return false,
            (FieldTest::Text(text), Some(value)) => text.matches(value),
            (FieldTest::Number(from, below), Some(value)) => {
                let number = value.parse::<i64>();
                number.is_ok_and(|number| (*from..*below).contains(&number))
            }
        };
        holds != self.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldMatch, FieldTest, TextMatch};
    use crate::ir::TextMatchKind;

    /// `HeaderMatcher` of Envoy.
    #[test]
    fn a_header_that_is_missing_matches_only_where_it_must_not_be_there() {
        let text = |kind| {
            FieldTest::Text(TextMatch {
                kind,
                ignores_case: false,
            })
        };
        let prefix = || text(TextMatchKind::Prefix("a".into()));
        let rows = [
            (FieldTest::Present, false, Some("x"), true),
            (FieldTest::Present, false, None, false),
            (FieldTest::Present, true, None, true),
            (prefix(), false, Some("ab"), true),
            (prefix(), true, Some("ab"), false),
            (prefix(), true, Some("b"), true),
            (prefix(), true, None, false),
            (FieldTest::Number(-1, 5), false, Some("-1"), true),
            (FieldTest::Number(-1, 5), false, Some("5"), false),
            (FieldTest::Number(-1, 5), false, Some("x"), false),
        ];
        for (test, inverted, value, want) in rows {
            let row = FieldMatch {
                name: "x-a".into(),
                test,
                inverted,
            };
            assert_eq!(row.matches(value), want, "{row:?} {value:?}");
        }
    }
}
