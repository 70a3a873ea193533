//! A request with a body of its own that goes to an HTTP/1 endpoint: what HTTP/2 clients send.

use std::time::Duration;

use http::{Response, Version};

use tokio::time::Instant;

use super::attempt::within;
use super::{ConnectionInfo, Options, answer, deadline, upgrade};
use crate::Body;
use crate::backend::{BackendError, Lend, http1};
use crate::body::Informer;
use crate::codec::h1;
use crate::head::{Known, RequestHead, ResponseHead};
use crate::observe::{Observed, Reason};
use crate::plan::Planned;

/// A request, whose head has been edited.
pub(super) struct Asked {
    pub(super) head: RequestHead,
    pub(super) body: Body,
    /// Who is told of interim responses.
    pub(super) informer: Option<Informer>,
    pub(super) observed: Observed,
}

/// Sends the request on a connection that `lend` lends, and edits the response.
pub(super) async fn exchange<B>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: &Planned<'_, B>,
    lend: &dyn Lend,
    request: Asked,
) -> Response<Body> {
    let Asked {
        mut head,
        body,
        informer,
        mut observed,
    } = request;
    let version = head.version;
    if plan.settled.expects_continue && !body.is_empty() {
        head.fields.set(Known::Expect, b"100-continue");
    }
    let body = observed.counting(body);
    let mut course = lend.begin(connection.worker);
    let exchange = http1::exchange(lend, &mut course, &mut head, body, informer.as_ref());
    let answered = match deadline(plan) {
        None => exchange.await,
        // Boxed, as it is rare.
        Some(bound) => Box::pin(in_time(bound, exchange)).await,
    };
    observed.tried(lend, &course);
    match answered {
        Ok((_, h1::Answered::Switched(_unasked))) => {
            upgrade::unusable().observed(version, observed)
        }
        Ok((mut response, h1::Answered::Body(body))) => {
            plan.finish(&options.planner, &mut response);
            // What is sent on has this hop's own version (RFC 9112 section 2.3).
            response.version = Version::HTTP_11;
            observed.answered(response.status, Reason::Backend);
            observed.attach(Response::from_parts(response.to_parts(), body))
        }
        Err(error) => {
            let mut answer = answer::failure(&error, connection).told(plan.settled.language);
            plan.finish(&options.planner, &mut answer.head);
            answer.observed(version, observed)
        }
    }
}

/// An exchange that has to be over in time; the response's body counts as well.
async fn in_time(
    (end, limit): (Instant, Duration),
    exchange: impl Future<Output = Answered>,
) -> Answered {
    let (head, body) = within(Some((end, limit)), exchange).await??;
    Ok((
        head,
        match body {
            h1::Answered::Body(body) => h1::Answered::Body(body.cut_at(end, limit)),
            switched @ h1::Answered::Switched(_) => switched,
        },
    ))
}

type Answered = Result<(ResponseHead, h1::Answered), BackendError>;
