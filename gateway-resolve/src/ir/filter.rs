//! Filters: pure changes to request and response heads, and copies of requests.

use std::num::NonZeroU32;

use gateway_model::{HeaderName, HeaderValue, Method, Port};
use serde::{Deserialize, Serialize};

use super::{Pattern, Target};

/// One filter of a rule or of a backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Filter {
    /// Edits the headers of the request.
    RequestHeaders(HeaderEdits),
    /// Edits the headers of the response.
    ResponseHeaders(HeaderEdits),
    /// Changes the host or path of the request.
    Rewrite(Rewrite),
    /// Sends a copy of the request elsewhere and ignores the answer.
    Mirror(Mirror),
    /// Answers CORS preflights, and marks responses to cross-origin requests.
    Cors(Cors),
}

impl Filter {
    /// The copy that it sends, if it sends one.
    pub fn mirror(&self) -> Option<&Mirror> {
        match self {
            Self::Mirror(mirror) => Some(mirror),
            Self::RequestHeaders(_)
            | Self::ResponseHeaders(_)
            | Self::Rewrite(_)
            | Self::Cors(_) => None,
        }
    }

    /// What it allows other origins, if it is about these.
    pub fn cors(&self) -> Option<&Cors> {
        match self {
            Self::Cors(cors) => Some(cors),
            Self::RequestHeaders(_)
            | Self::ResponseHeaders(_)
            | Self::Rewrite(_)
            | Self::Mirror(_) => None,
        }
    }
}

/// Edits to headers: first `set`, then `add`, then `remove`; a name appears in one of them only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderEdits {
    /// Replaces the header, or adds it.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Appends to the header: existing values stay.
    pub add: Vec<(HeaderName, HeaderValue)>,
    /// Drops the header.
    pub remove: Vec<HeaderName>,
}

/// A change of the request's target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The new `Host` (or `:authority`).
    pub hostname: Option<HeaderValue>,
    /// The new path; the query stays.
    pub path: Option<PathRewrite>,
}

/// A change of the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathRewrite {
    /// Replaces the whole path.
    Full(Box<str>),
    /// Replaces the prefix that the route matched; the rest stays. Only found in rules whose
    /// matches are all prefixes.
    Prefix(Box<str>),
}

/// A redirect; what is `None` stays as in the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// `http` or `https`.
    pub scheme: Option<Box<str>>,
    /// The host.
    pub hostname: Option<HeaderValue>,
    /// The path; the query stays.
    pub path: Option<PathRewrite>,
    /// The port. `None`: the well-known port of `scheme` when that is given, else the listener's.
    pub port: Option<Port>,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// A copy of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// Where the copies go; nowhere when refused.
    pub target: Target,
    /// The share of requests that are copied.
    pub share: Fraction,
    /// What is put behind the host of the copies, before its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_suffix: Option<Box<str>>,
}

/// A share: `numerator` out of `denominator`, at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fraction {
    /// How many.
    pub numerator: u32,
    /// Out of how many.
    pub denominator: NonZeroU32,
}

impl Fraction {
    /// All of them.
    pub const ALL: Self = Self {
        numerator: 1,
        denominator: NonZeroU32::MIN,
    };
}

/// Cross-origin resource sharing (GEP-1767).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// The origins that are allowed.
    pub allow_origins: Vec<OriginPattern>,
    /// May requests carry credentials?
    pub allow_credentials: bool,
    /// The methods that are allowed; `None` in place of a method stands for `*`.
    pub allow_methods: Vec<Option<Method>>,
    /// The request headers that are allowed; `None` stands for `*`.
    pub allow_headers: Vec<Option<HeaderName>>,
    /// The response headers that are exposed; `None` stands for `*`.
    pub expose_headers: Vec<Option<HeaderName>>,
    /// How long a preflight may be cached, in seconds.
    pub max_age: NonZeroU32,
}

/// An origin: `*`, or a scheme, a host that may start with `*.`, and an optional port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OriginPattern {
    /// Any origin.
    Any,
    /// An origin compared byte for byte, lower case, default port left out.
    Exact(Box<str>),
    /// `scheme`, `://`, any one or more labels, then `suffix` (which starts with a dot and holds the
    /// port when it is not the scheme's default).
    Wildcard {
        /// `http`, `https` or another.
        scheme: Box<str>,
        /// What follows the `*`.
        suffix: Box<str>,
    },
    /// A regular expression that has to match the whole origin, as it is written.
    Regex(Pattern),
}

impl OriginPattern {
    /// Does the value of an `Origin` header match? The port that its scheme implies may be left out.
    pub fn matches(&self, origin: &str) -> bool {
        let (written, origin) = (origin, without_default_port(origin));
        match self {
            Self::Any => true,
            Self::Regex(pattern) => pattern.is_match(written),
            Self::Exact(exact) => origin == &**exact,
            Self::Wildcard { scheme, suffix } => origin
                .strip_prefix(&**scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .and_then(|host| host.strip_suffix(&**suffix))
                .is_some_and(|label| !label.is_empty() && !label.contains(['/', ':', '@'])),
        }
    }
}

/// An origin without the port that its scheme implies.
fn without_default_port(origin: &str) -> &str {
    let port = match origin.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        _ => return origin,
    };
    origin.strip_suffix(port).unwrap_or(origin)
}
