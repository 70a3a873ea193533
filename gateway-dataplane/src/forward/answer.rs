//! Answers that this hop gives itself, as responses.

use http::{Response, Version};

use super::ConnectionInfo;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind};
use crate::head::Known;
use crate::observe::{Observed, Reason};
pub(super) use crate::plan::answer::{Answer, status};

impl Answer {
    /// As a response to a request that came in `version`.
    pub(crate) fn into_response(mut self, version: Version) -> Response<Body> {
        if self.last && version < Version::HTTP_2 {
            self.head.fields.set(Known::Connection, b"close");
        }
        let mut parts = self.head.to_parts();
        parts.extensions.insert(self.reason);
        Response::from_parts(parts, Body::from(self.text))
    }

    /// The same, as the end of what is observed.
    pub(crate) fn observed(self, version: Version, mut observed: Observed) -> Response<Body> {
        observed.answered(self.head.status, self.reason);
        observed.attach(self.into_response(version))
    }
}

/// An answer in place of one that did not come.
pub(super) fn failure(error: &BackendError, connection: &ConnectionInfo) -> Answer {
    let client = connection.peer;
    let broke_off = matches!(
        error.kind(),
        BackendErrorKind::Request | BackendErrorKind::Stalled
    );
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
