//! Requests over HTTP/1.1 on leased connections, each on its own for as long as it lasts.

use super::{BackendError, BackendErrorKind, Course, Lend, is_harmless};
use crate::Body;
use crate::body::Informer;
use crate::codec::h1::{self, Answered, Broke, Failed, NoHead, NoResponse};
use crate::head::{RequestHead, ResponseHead};

/// Sends a request on a connection that `lend` lends, again as long as it was not answered and that does no
/// harm.
pub(crate) async fn exchange(
    lend: &dyn Lend,
    course: &mut Course,
    head: &mut RequestHead,
    mut body: Body,
    informer: Option<&Informer>,
) -> Result<(ResponseHead, Answered), BackendError> {
    let repeatable = body.is_empty() && is_harmless(&head.method);
    loop {
        let lease = match lend.pooled(course) {
            Some(lease) => lease,
            None => lend.connect(course).await?,
        };
        lend.fit(course, head);
        let (error, again) = match h1::send(lease, head, body, lend.allowed(), informer).await {
            Ok(answered) => {
                lend.answered(course, answered.0.status);
                return Ok(answered);
            }
            Err(Failed::NotSent(untouched)) => {
                body = untouched;
                (broken(), true)
            }
            Err(Failed::Unanswered(broke)) => {
                body = Body::empty();
                (unanswered(broke), repeatable)
            }
            Err(failed) => return Err(why(failed)),
        };
        if let Some(error) = lend.unanswered(course, error, again) {
            return Err(error);
        }
    }
}

fn why(failed: Failed) -> BackendError {
    match failed {
        Failed::NotSent(_) => broken(),
        Failed::Unanswered(broke) => unanswered(broke),
        Failed::Protocol(NoResponse::Head(closed @ NoHead::Closed(..))) => broken().because(closed),
        Failed::Protocol(NoResponse::Head(NoHead::Bad(bad))) => {
            BackendError::new(BackendErrorKind::Protocol, bad.of_response()).because(bad)
        }
        Failed::Protocol(error) => {
            let what = "the endpoint's response is not HTTP/1.1";
            BackendError::new(BackendErrorKind::Protocol, what).because(error)
        }
        Failed::Late(limit) => BackendError::late(limit),
        Failed::Request(error) => {
            let what = "the request body broke off";
            BackendError::new(BackendErrorKind::Request, what).because(error)
        }
    }
}

fn unanswered(broke: Broke) -> BackendError {
    broken().because(broke)
}

fn broken() -> BackendError {
    let what = "the endpoint closed the connection before it answered";
    BackendError::new(BackendErrorKind::Broken, what)
}
