//! Why a request was answered as it was, and how its exchange ended.

use std::fmt;

use crate::backend::BackendErrorKind;
use crate::table::Miss;

/// Why a request was answered as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The backend answered.
    Backend,
    /// The rule redirects.
    Redirect,
    /// The rule answers itself.
    Rule,
    /// It asked whether the listener serves, which the listener answers itself.
    Health,
    /// A preflight request, which the gateway answers for the backend.
    Preflight,
    /// The rule, or the backend that was chosen, is refused: [`Record::refusal`](super::Record::refusal)
    /// says why.
    Refused,
    /// A stage of [admission](crate::admit) answered.
    Denied,
    /// The server that is asked about requests of its rule gives no answer.
    Unauthorized,
    /// An injected fault.
    Fault,
    /// There were too many requests for the limit that holds for it.
    RateLimited,
    /// A transformation of it has failed.
    Transformation,
    /// It comes from another site than it is for.
    Csrf,
    /// Its body is longer than a stage of its rule, or its backend, takes.
    TooLarge,
    /// There are no credentials to call its backend with.
    NoCredentials,
    /// There is no rule for it.
    NoRoute(Miss),
    /// It is not a request, or one that must not be passed on (RFC 9110, RFC 9112).
    Invalid,
    /// Its path may lead a backend to what is behind another rule.
    AmbiguousPath,
    /// It goes no further, as its `Max-Forwards` says.
    MaxForwards,
    /// It has come through this gateway too often (RFC 8586).
    Loop,
    /// A rewrite makes its target too long.
    TargetTooLong,
    /// There is no response.
    Failed(BackendErrorKind),
}

impl Reason {
    /// In one word, for logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Redirect => "redirect",
            Self::Rule => "direct_response",
            Self::Health => "health_check",
            Self::Preflight => "preflight",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Unauthorized => "authorization_failed",
            Self::Fault => "fault",
            Self::RateLimited => "rate_limited",
            Self::Transformation => "transformation_failed",
            Self::Csrf => "csrf",
            Self::TooLarge => "request_too_large",
            Self::NoCredentials => "no_credentials",
            Self::NoRoute(Miss::NoListener) => "no_listener",
            Self::NoRoute(Miss::NoRoute) => "no_route",
            Self::NoRoute(Miss::NoRule) => "no_rule",
            Self::NoRoute(Miss::Misdirected) => "misdirected",
            Self::Invalid => "invalid_request",
            Self::AmbiguousPath => "ambiguous_path",
            Self::MaxForwards => "max_forwards",
            Self::Loop => "loop",
            Self::TargetTooLong => "target_too_long",
            Self::Failed(kind) => failure(kind),
        }
    }
}

impl Reason {
    /// What Envoy calls it (`%RESPONSE_CODE_DETAILS%`), as far as it has the same.
    pub fn details(self) -> &'static str {
        match self {
            Self::NoRoute(_) => "route_not_found",
            Self::Rule | Self::Redirect => "direct_response",
            Self::Denied | Self::Unauthorized => "ext_authz_denied",
            Self::Fault => "fault_filter_abort",
            Self::RateLimited => "request_rate_limited",
            Self::Csrf => "csrf_origin_mismatch",
            Self::TooLarge => "request_payload_too_large",
            Self::NoCredentials => "aws_lambda_credentials_not_found",
            Self::Failed(kind) => match kind {
                BackendErrorKind::NoEndpoint => "no_healthy_upstream",
                BackendErrorKind::Timeout => "upstream_response_timeout",
                BackendErrorKind::Stalled => "stream_idle_timeout",
                _ => "upstream_reset_before_response_started",
            },
            Self::Refused => "cluster_not_found",
            other => other.as_str(),
        }
    }
}

fn failure(kind: BackendErrorKind) -> &'static str {
    match kind {
        BackendErrorKind::NoEndpoint => "no_endpoint",
        BackendErrorKind::Connect => "connect_failed",
        BackendErrorKind::Refused => "request_refused",
        BackendErrorKind::Full => "overloaded",
        BackendErrorKind::Untrusted => "backend_untrusted",
        BackendErrorKind::Local => "gateway_failed",
        BackendErrorKind::Broken => "connection_broke",
        BackendErrorKind::Exhausted => "retries_exhausted",
        BackendErrorKind::OverBudget => "retry_budget_exceeded",
        BackendErrorKind::Protocol => "invalid_response",
        BackendErrorKind::Timeout => "timeout",
        BackendErrorKind::Request => "request_broke_off",
        BackendErrorKind::Stalled => "request_stalled",
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The whole response was passed on.
    Complete,
    /// The client left before that, or its connection had to be closed.
    ClientGone,
    /// The response broke off.
    Broken,
    /// The response took too long.
    TimedOut,
}

impl Ended {
    /// In one word, for logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientGone => "client_gone",
            Self::Broken => "response_broke_off",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
