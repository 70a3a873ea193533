//! The step between routing and preparation: a request passes the stages of its rule, if there are any.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Response;
use tokio::time::Instant;

use super::ConnectionInfo;
use super::answer::{self, Answer, Language};
use super::attempt::within;
use crate::admit::Stages;
use crate::codec::h1::Client;
use crate::head::{RequestHead, ResponseHead};
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
    head: &mut RequestHead,
) -> Result<Duration, Answer> {
    let begun = Instant::now();
    let limit = rule.request_timeout().filter(|limit| !limit.is_zero());
    let bound = limit.map(|limit| (begun + limit, limit));
    let language = Language::of(head);
    let passed = within(bound, stages.pass(head, rule.ir(), connection)).await;
    match passed {
        Ok(Ok(())) => Ok(begun.elapsed()),
        Ok(Err(refusal)) => {
            let (parts, text) = Response::into_parts(refusal);
            let head = ResponseHead::from(&parts);
            Err(Answer {
                text,
                ..Answer::bodiless(head, Reason::Denied)
            })
        }
        Err(late) => Err(answer::failure(&late, connection).told(language)),
    }
}

/// The same for a request of an HTTP/1 client, who may leave meanwhile.
pub(super) async fn pass_client<B>(
    stages: &Stages,
    rule: &CompiledRule<Arc<B>>,
    connection: &ConnectionInfo,
    client: &mut Client,
) -> Result<Result<Duration, Answer>, Gone> {
    let mut head = std::mem::take(&mut client.head);
    let passed = {
        let mut passing = pin!(pass(stages, rule, connection, &mut head));
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
