//! Why there is no response.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

/// A backend did not answer.
///
/// Its text is for the operator; a client gets [`status`](Self::status) and nothing else.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct BackendError {
    kind: BackendErrorKind,
    what: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Who failed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackendErrorKind {
    /// There is no endpoint to ask. Nothing was sent. 503.
    NoEndpoint,
    /// No connection could be made. Nothing was sent. 503.
    Connect,
    /// The endpoint gave the request back without looking at it (RFC 9113 section 8.7). 503.
    Refused,
    /// The backend has as many requests or connections as it may have. Nothing was sent. 503.
    Full,
    /// The gateway itself is short of file descriptors, ports or memory. Nothing was sent. 503.
    Local,
    /// The endpoint doesn't speak TLS, or doesn't prove who it is. No request was sent. 502.
    Untrusted,
    /// The connection broke before a response came. 502.
    Broken,
    /// The connection of the last attempt of a retried request broke before a response came. 503.
    Exhausted,
    /// More of the backend's traffic would be retries than may be (GEP-3388). Nothing was sent. 503.
    OverBudget,
    /// The response is not one. 502.
    Protocol,
    /// It took too long. 504.
    Timeout,
    /// The client's request body broke off. 400.
    Request,
    /// The client sent nothing more of its request for too long. 408.
    Stalled,
}

impl BackendError {
    /// A failure, and what happened, for the operator.
    pub fn new(kind: BackendErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn late(limit: Duration) -> Self {
        let what = format!("no response within {limit:?}");
        Self::new(BackendErrorKind::Timeout, what)
    }

    /// The same, caused by `source`.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// What failed.
    pub fn kind(&self) -> BackendErrorKind {
        self.kind
    }

    /// What the client is told.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            BackendErrorKind::NoEndpoint
            | BackendErrorKind::Connect
            | BackendErrorKind::Refused
            | BackendErrorKind::Full
            | BackendErrorKind::Local
            | BackendErrorKind::OverBudget
            | BackendErrorKind::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
            BackendErrorKind::Untrusted | BackendErrorKind::Broken | BackendErrorKind::Protocol => {
                StatusCode::BAD_GATEWAY
            }
            BackendErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            BackendErrorKind::Request => StatusCode::BAD_REQUEST,
            BackendErrorKind::Stalled => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// May another attempt be made, when retries are asked for and the body can be repeated?
    pub fn may_retry(&self) -> bool {
        !matches!(
            self.kind,
            BackendErrorKind::Request | BackendErrorKind::Stalled | BackendErrorKind::OverBudget
        )
    }
}
