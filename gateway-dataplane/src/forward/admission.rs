//! The step between routing and preparation: a request passes the stages of its rule, if there are any.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::time::Instant;

use super::ConnectionInfo;
use super::answer::{self, Answer, Language};
use super::attempt::within;
use crate::Body;
use crate::admit::{Edits, Entering, Stages};
use crate::codec::h1::Client;
use crate::head::ResponseHead;
use crate::observe::Reason;
use crate::server::Order;
use crate::table::CompiledRule;

/// The client left, or has to.
pub(super) struct Gone;

/// Passes the stages; returns the time that took. The rule's request timeout counts.
pub(super) async fn pass<B>(
    stages: &Stages,
    rule: &CompiledRule<Arc<B>>,
    connection: &ConnectionInfo,
    mut entering: Entering<'_>,
) -> Result<Duration, Answer> {
    let begun = Instant::now();
    let limit = rule.time_for(entering.head);
    let bound = limit.map(|limit| (begun + limit, limit));
    let language = Language::of(entering.head);
    let cors = rule.filters().cors();
    let origin = cors.and_then(|cors| cors.allowed_origin(&entering.head.fields));
    let passed = within(bound, stages.pass(&mut entering, rule.ir(), connection)).await;
    let mut answer = match passed {
        Ok(Ok(())) => return Ok(begun.elapsed()),
        Ok(Err(refusal)) => refused(*refusal).told(language),
        Err(late) => answer::failure(&late, connection).told(language),
    };
    let fields = &mut answer.head.fields;
    if let Some(cors) = cors {
        cors.mark(fields, origin.as_ref());
    }
    rule.filters().edit_response(fields);
    Err(answer)
}

/// What a stage answers. Without a body, it is what the gateway says itself of such a status.
fn refused(refusal: Response<Bytes>) -> Answer {
    let (parts, text) = refusal.into_parts();
    let reason = parts.extensions.get().copied().unwrap_or(Reason::Denied);
    if text.is_empty() && parts.headers.is_empty() {
        return answer::status(parts.status, reason);
    }
    Answer {
        text,
        ..Answer::bodiless(ResponseHead::from(&parts), reason)
    }
}

/// The same for the head of a request of an HTTP/1 client, who may leave meanwhile.
pub(super) async fn pass_client<B>(
    stages: &Stages,
    rule: &CompiledRule<Arc<B>>,
    connection: &ConnectionInfo,
    client: &mut Client,
) -> Result<Result<Duration, Answer>, Gone> {
    let mut head = std::mem::take(&mut client.head);
    let passed = {
        let entering = Entering {
            head: &mut head,
            body: &mut Body::empty(),
            edits: &mut Edits::default(),
        };
        let mut passing = pin!(pass(stages, rule, connection, entering));
        let watch = connection.watch.as_deref();
        poll_fn(|cx| {
            if let Poll::Ready(passed) = passing.as_mut().poll(cx) {
                return Poll::Ready(Ok(passed));
            }
            let stopped = watch.is_some_and(|watch| watch.poll_order(cx) == Order::Stop);
            match stopped || client.side.decoder.is_done() && client.is_gone(cx) {
                true => Poll::Ready(Err(Gone)),
                false => Poll::Pending,
            }
        })
        .await
    };
    client.head = head;
    passed
}
