//! A request with a body of its own that goes to an HTTP/1 endpoint: what HTTP/2 clients send.

use http::{Response, StatusCode, Version};

use super::plan::Forward;
use super::{ConnectionInfo, Options, answer};
use crate::Body;
use crate::backend::{Lend, http1};
use crate::codec::h1::Answered;
use crate::head::{Known, RequestHead};

/// Sends the request on a connection that `lend` lends, and edits the response.
pub(super) async fn exchange<B>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: &Forward<'_, B>,
    lend: &dyn Lend,
    mut head: RequestHead,
    body: Body,
) -> Response<Body> {
    let version = head.version;
    if plan.expects_continue && !body.is_empty() {
        head.fields.set(Known::Expect, b"100-continue");
    }
    match http1::exchange(lend, connection.worker, &mut head, body).await {
        Ok((_, Answered::Switched(_unasked))) => {
            answer::status(StatusCode::BAD_GATEWAY).into_response(version)
        }
        Ok((mut response, Answered::Body(body))) => {
            plan.finish(options, &mut response);
            // What is sent on has this hop's own version (RFC 9112 section 2.3).
            response.version = Version::HTTP_11;
            Response::from_parts(response.to_parts(), body)
        }
        Err(error) => {
            let mut answer = answer::failure(&error, connection);
            plan.finish(options, &mut answer.head);
            answer.into_response(version)
        }
    }
}
