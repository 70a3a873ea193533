//! Requests over HTTP/1.1, each on a connection of its own for as long as it lasts.

use std::time::Duration;

use http::{Request, Response};

use crate::Body;
use crate::backend::{BackendError, BackendErrorKind};
use crate::codec::h1::{self, Failed, Lease, NoHead, NoResponse};

/// Why there is no response.
pub(super) enum SendError {
    /// Not a byte of the request was sent.
    NotSent(Box<Request<Body>>),
    /// The connection broke without a byte of a response. The request, where it had no body.
    Unanswered(Option<Box<Request<Body>>>, BackendError),
    /// Anything else.
    Failed(BackendError),
}

/// Sends `request` and waits for the head of the response. The body of one with `Expect` is held back until
/// the endpoint asks for it, for at most `patience`.
pub(super) async fn send(
    lease: Lease,
    request: Request<Body>,
    patience: Duration,
) -> Result<Response<Body>, SendError> {
    let (parts, body) = request.into_parts();
    let sent = h1::send(lease, parts, body, patience).await;
    sent.map_err(|failed| match failed {
        Failed::NotSent(request) => SendError::NotSent(request),
        Failed::Unanswered(request, broke) => {
            SendError::Unanswered(request, broken().because(broke))
        }
        Failed::Protocol(NoResponse::Head(closed @ NoHead::Closed(..))) => {
            SendError::Failed(broken().because(closed))
        }
        Failed::Protocol(error) => {
            let what = "the endpoint's response is not HTTP/1.1";
            let error = BackendError::new(BackendErrorKind::Protocol, what).because(error);
            SendError::Failed(error)
        }
        Failed::Request(error) => {
            let what = "the request body broke off";
            SendError::Failed(BackendError::new(BackendErrorKind::Request, what).because(error))
        }
    })
}

fn broken() -> BackendError {
    let what = "the endpoint closed the connection before it answered";
    BackendError::new(BackendErrorKind::Broken, what)
}
