//! Who is asked whether a request may pass.

use std::num::NonZeroU16;
use std::time::Duration;

use gateway_model::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::ir::{Pattern, Target};

/// A server that is asked whether a request may pass (GEP-1494).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// Who is asked; who is refused gives no answer.
    pub server: Target,
    /// How it is asked, and what is done with its answer.
    pub protocol: AuthorizationProtocol,
    /// How much of the request's body it is sent; nothing when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<ForwardedBody>,
    /// How long its answer is waited for; `None` leaves the data plane's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What becomes of requests that it cannot be asked about.
    pub unanswered: Unanswered,
    /// Headers that it alone may set: requests lose those that clients send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<HeaderName>,
    /// Do requests look for their rules again once they were let in?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reroutes: bool,
}

/// Is the server of a listener asked whether a request may pass?
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Authorized {
    /// It is not, whatever a less specific level says.
    No,
    /// It is, and told this besides (`context_extensions`).
    ByListener(Vec<(Box<str>, Box<str>)>),
}

/// How an authorization server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuthorizationProtocol {
    /// By a request of HTTP; 200 lets the client's pass, and any other answer is the client's.
    Http(HttpAuthorization),
    /// By a call of `envoy.service.auth.v3.Authorization/Check`.
    Grpc(GrpcAuthorization),
}

/// How an authorization server is asked over HTTP.
///
/// It gets the method, path, `Host` and `Authorization` of the request, and whatever else is named here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAuthorization {
    /// What the path is put behind; may be empty.
    pub prefix: Box<str>,
    /// The headers of the request that it gets besides.
    pub headers: Vec<HeaderName>,
    /// The same, of which the whole name matches a pattern.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header_patterns: Vec<Pattern>,
    /// Headers that it gets with these values, in place of the request's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<(HeaderName, HeaderValue)>,
    /// The headers of its answer that the backend gets, in place of the request's.
    pub to_backend: Named,
    /// Those that the backend gets beside the request's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<HeaderName>,
    /// The headers of its answer that the client gets when the request does not pass.
    pub to_client: Named,
}

/// How an authorization server is asked over gRPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcAuthorization {
    /// The headers of the request that it is told of.
    pub headers: Named,
    /// What it is told besides (`context_extensions`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(Box<str>, Box<str>)>,
    /// Is a body sent as bytes, be it text or not?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw_body: bool,
    /// The `:authority` that it is called by; one of the backend's when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Box<str>>,
}

/// Headers that are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Named {
    /// All of them.
    #[default]
    All,
    /// These.
    Only(Vec<HeaderName>),
}

impl Named {
    /// Is the header of this name, in whatever case, one of them?
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names
                .iter()
                .any(|known| known.as_http().as_str().eq_ignore_ascii_case(name)),
        }
    }
}

/// How much of a request's body an authorization server is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardedBody {
    /// Bytes at most.
    pub limit: u32,
    /// Is the start of a longer body enough? If not, the request is answered with 413.
    pub partial: bool,
}

/// What becomes of requests that an authorization server does not answer, or not as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unanswered {
    /// They are answered with this status.
    Refuse(NonZeroU16),
    /// They pass.
    Admit,
}
