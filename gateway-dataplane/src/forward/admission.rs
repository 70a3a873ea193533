//! The step between routing and preparation: a request passes the stages of its rule, if there are any.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::{self, Answer};
use super::attempt::within;
use super::{ConnectionInfo, Options};
use crate::Body;
use crate::admit::{Edits, Entering, Place, Stages};
use crate::codec::h1::Client;
use crate::plan::admit::{Marks, refused};
use crate::plan::answer::Language;
use crate::server::Order;
use crate::table::CompiledRule;

/// The client left, or has to.
pub(super) struct Gone;

/// A request that has passed stages.
pub(super) struct Passed {
    /// The time that took.
    pub(super) time: Duration,
    /// It has to look for its rule again, and to pass the stages of that from here on.
    pub(super) rerouted: Option<Place>,
}

/// Passes the stages that stand before routing, in the time that these have together. Comes to the time that it took.
pub(super) async fn receive(
    options: &Options,
    stages: &Stages,
    connection: &ConnectionInfo,
    entering: Entering<'_>,
) -> Result<Duration, Answer> {
    let begun = Instant::now();
    let limit = options.limits.receiving;
    let language = Language::of(entering.head);
    let receiving = options.planner.receive(stages, connection, entering);
    match within(Some((begun + limit, limit)), receiving).await {
        Ok(received) => received.map(|()| begun.elapsed()),
        Err(late) => Err(answer::failure(&late, connection).told(language)),
    }
}

/// Passes the stages that stand behind `after`. The rule's request timeout counts, of which `spent` is over.
pub(super) async fn pass<B>(
    stages: &Stages,
    after: Option<Place>,
    rule: &CompiledRule<Arc<B>>,
    spent: Duration,
    connection: &ConnectionInfo,
    mut entering: Entering<'_>,
) -> Result<Passed, Answer> {
    let begun = Instant::now();
    let limit = rule.time_for(entering.head);
    let bound = limit.map(|limit| (begun + limit.saturating_sub(spent), limit));
    let marks = Marks::new(rule, entering.head);
    let passing = stages.pass(after, &mut entering, Some(rule.ir()), connection);
    let answer = match within(bound, passing).await {
        Ok(Ok(rerouted)) => {
            let time = begun.elapsed();
            return Ok(Passed { time, rerouted });
        }
        Ok(Err(refusal)) => refused(*refusal),
        Err(late) => answer::failure(&late, connection),
    };
    Err(marks.put_on(answer))
}

/// The same for the head of a request of an HTTP/1 client, who may leave meanwhile.
pub(super) async fn pass_client<B>(
    stages: &Stages,
    rule: &CompiledRule<Arc<B>>,
    spent: Duration,
    connection: &ConnectionInfo,
    client: &mut Client,
) -> Result<Result<Duration, Answer>, Gone> {
    while_there(client, connection, async |entering| {
        let passed = pass(stages, None, rule, spent, connection, entering).await;
        passed.map(|passed| passed.time)
    })
    .await
}

/// Has the head of a request of an HTTP/1 client pass the stages that stand before routing.
pub(super) async fn receive_client(
    options: &Options,
    stages: &Stages,
    connection: &ConnectionInfo,
    client: &mut Client,
) -> Result<Result<Duration, Answer>, Gone> {
    while_there(client, connection, async |entering| {
        receive(options, stages, connection, entering).await
    })
    .await
}

/// What becomes of the head of a request, unless its client leaves meanwhile.
async fn while_there<T>(
    client: &mut Client,
    connection: &ConnectionInfo,
    passing: impl AsyncFnOnce(Entering<'_>) -> T,
) -> Result<T, Gone> {
    let mut head = std::mem::take(&mut client.head);
    let passed = {
        let (mut body, mut edits) = (Body::empty(), Edits::default());
        let entering = Entering {
            head: &mut head,
            body: &mut body,
            edits: &mut edits,
        };
        let mut passing = pin!(passing(entering));
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
