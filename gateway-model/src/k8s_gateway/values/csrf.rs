//! Protection from requests that other sites have browsers send, and the shares and matches that it is told in.

use serde::{Deserialize, Deserializer};

use super::Regex;
use crate::k8s_gateway::proto::{at_most_one, numbered};

/// Which origins may send requests that change something.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Csrf {
    /// The share of requests that is held to it; none when it is not given.
    pub filter_enabled: Option<RuntimeFraction>,
    /// Origins that may, beside the host that is asked.
    pub additional_origins: Vec<StringMatch>,
}

/// A share of requests.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeFraction {
    /// The share.
    pub default_value: Share,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Share {
    /// How many.
    pub numerator: u32,
    /// Out of how many.
    pub denominator: Denominator,
}

numbered! {
    /// What a share is a part of.
    Denominator {
        /// Of 100.
        Hundred = 0 "HUNDRED",
        /// Of 10,000.
        TenThousand = 1 "TEN_THOUSAND",
        /// Of 1,000,000.
        Million = 2 "MILLION",
    }
}

impl Denominator {
    /// As a number.
    pub fn get(self) -> u32 {
        match self {
            Self::Hundred => 100,
            Self::TenThousand => 10_000,
            Self::Million => 1_000_000,
        }
    }
}

/// A way to match a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StringMatch {
    /// It is this one.
    Exact {
        /// The text.
        text: String,
        /// Whatever the case.
        ignore_case: bool,
    },
    /// It begins so.
    Prefix {
        /// The text.
        text: String,
        /// Whatever the case.
        ignore_case: bool,
    },
    /// It ends so.
    Suffix {
        /// The text.
        text: String,
        /// Whatever the case.
        ignore_case: bool,
    },
    /// All of it matches.
    Regex(Regex),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMatch {
    exact: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    safe_regex: Option<Regex>,
    #[serde(default)]
    ignore_case: bool,
}

impl<'de> Deserialize<'de> for StringMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WireMatch {
            exact,
            prefix,
            suffix,
            safe_regex,
            ignore_case,
        } = WireMatch::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("exact", exact.is_some()),
            ("prefix", prefix.is_some()),
            ("suffix", suffix.is_some()),
            ("safeRegex", safe_regex.is_some()),
        ])?;
        Ok(match (exact, prefix, suffix, safe_regex) {
            (_, Some(text), ..) => Self::Prefix { text, ignore_case },
            (_, _, Some(text), _) => Self::Suffix { text, ignore_case },
            (.., Some(regex)) => Self::Regex(regex),
            (exact, ..) => Self::Exact {
                text: exact.unwrap_or_default(),
                ignore_case,
            },
        })
    }
}
