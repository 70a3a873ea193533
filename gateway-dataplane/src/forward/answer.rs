//! Answers that this hop gives itself. They never say more than their status.

use bytes::Bytes;
use http::{Response, StatusCode, Version};

use super::ConnectionInfo;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind};
use crate::head::{Known, ResponseHead};
use crate::observe::{Observed, Reason};

/// An answer of this hop's own.
pub(super) struct Answer {
    pub(super) head: ResponseHead,
    pub(super) text: Bytes,
    pub(super) reason: Reason,
    /// An HTTP/1 connection closes after it.
    pub(super) last: bool,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn bodiless(head: ResponseHead, reason: Reason) -> Self {
        Self {
            head,
            text: Bytes::new(),
            reason,
            last: false,
        }
    }

    /// The same, after which an HTTP/1 connection closes.
    pub(super) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// As a response to a request that came in `version`.
    pub(super) fn into_response(mut self, version: Version) -> Response<Body> {
        if self.last && version < Version::HTTP_2 {
            self.head.fields.set(Known::Connection, b"close");
        }
        Response::from_parts(self.head.to_parts(), Body::from(self.text))
    }

    /// The same, as the end of what is observed.
    pub(super) fn observed(self, version: Version, mut observed: Observed) -> Response<Body> {
        observed.answered(self.head.status, self.reason);
        observed.attach(self.into_response(version))
    }
}

/// `404 Not Found`, and the like.
pub(super) fn status(status: StatusCode, reason: Reason) -> Answer {
    let phrase = status.canonical_reason().unwrap_or("Error");
    let mut head = ResponseHead::new(status);
    head.fields
        .append(Known::ContentType, b"text/plain; charset=utf-8");
    head.fields.append(Known::Server, b"gateway");
    Answer {
        text: format!("{} {phrase}\n", status.as_str()).into(),
        ..Answer::bodiless(head, reason)
    }
}

/// An answer in place of one that did not come.
pub(super) fn failure(error: &BackendError, connection: &ConnectionInfo) -> Answer {
    let client = connection.peer;
    let broke_off = error.kind() == BackendErrorKind::Request;
    match broke_off {
        true => tracing::debug!(%client, %error, "a request broke off"),
        false => {
            tracing::info!(%client, %error, status = error.status().as_u16(), "no response");
        }
    }
    Answer {
        // Nobody knows where the next request starts.
        last: broke_off,
        ..status(error.status(), Reason::Failed(error.kind()))
    }
}
