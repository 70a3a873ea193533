//! Attempts at a backend: timeouts and retries.

use std::future::Future;
use std::time::Duration;

use gateway_resolve::ir::Retry;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Options, copy_head};
use crate::Body;
use crate::backend::{Attempt, Backend, BackendError, BackendErrorKind};
use crate::body::{Buffered, Pulse, Silent, buffer};
use crate::plan::ATTEMPT_COUNT;

/// What bounds the attempts at one request.
pub(super) struct Bounds<'r> {
    /// When the request has to be over, and the limit that says so.
    pub(super) request: Option<(Instant, Duration)>,
    /// The limit of each attempt.
    pub(super) attempt: Option<Duration>,
    /// When to try again.
    pub(super) retry: Option<&'r Retry>,
    /// Is the backend told which attempt it gets?
    pub(super) told: bool,
}

impl Bounds<'_> {
    /// When an attempt that starts now has to be over.
    fn next(&self) -> Option<(Instant, Duration)> {
        let attempt = self.attempt.map(|limit| (Instant::now() + limit, limit));
        match (self.request, attempt) {
            (Some(request), Some(attempt)) => Some(request.min(attempt)),
            (request, attempt) => request.or(attempt),
        }
    }

    /// Is there time to wait for `pause`?
    fn leaves(&self, pause: Duration) -> bool {
        self.request
            .is_none_or(|(end, _)| Instant::now() + pause < end)
    }
}

/// Sends a request, again when a retry is asked for and may help.
///
/// What most requests do without is boxed, so that they do not carry the room for it.
pub(super) async fn answer<B: Backend>(
    options: &Options,
    backend: &B,
    bounds: Bounds<'_>,
    attempt: Attempt<'_>,
    head: Parts,
    body: Body,
) -> Result<Response<Body>, BackendError> {
    if let Some(retry) = bounds.retry {
        return Box::pin(persist(
            options, backend, &bounds, retry, attempt, head, body,
        ))
        .await;
    }
    attempt.begin();
    let call = backend.call(Request::from_parts(head, body), &attempt);
    match bounds.next() {
        None => call.await,
        Some(bound) => Box::pin(in_time(bound, call)).await,
    }
}

/// Sends a request until it is answered well, or for the last time.
async fn persist<B: Backend>(
    options: &Options,
    backend: &B,
    bounds: &Bounds<'_>,
    retry: &Retry,
    mut attempt: Attempt<'_>,
    mut head: Parts,
    body: Body,
) -> Result<Response<Body>, BackendError> {
    let whole = match within(bounds.request, buffer(body, options.limits.retry_body)).await? {
        Ok(Buffered::Whole(whole)) => whole,
        Ok(Buffered::Once(body)) => return once(backend, bounds, &attempt, head, body).await,
        Err(error) => {
            let what = "the request body broke off";
            return Err(BackendError::new(BackendErrorKind::Request, what).because(error));
        }
    };
    loop {
        let sent = once(backend, bounds, &attempt, copy_head(&head), whole.body()).await;
        let pause = retry.pause(attempt.number);
        let last = attempt.number >= retry.attempts.get() || !bounds.leaves(pause);
        if !is_worth_another(retry, &sent) {
            return sent;
        }
        if last {
            return sent.map_err(exhausted);
        }
        drop(sent);
        sleep(pause).await;
        attempt.number += 1;
        if bounds.told {
            let number = HeaderValue::from(attempt.number + 1);
            head.headers.insert(ATTEMPT_COUNT, number);
        }
    }
}

/// Listed statuses are tried again, and what brought no response: connections that were not made or
/// broke, and attempts that took too long (HTTPRouteRetry `backoff`).
fn is_worth_another(retry: &Retry, sent: &Result<Response<Body>, BackendError>) -> bool {
    let is_listed = |status: StatusCode| retry.statuses.contains(&status.as_u16());
    match sent {
        Ok(response) => is_listed(response.status()),
        Err(error) => match error.kind() {
            BackendErrorKind::NoEndpoint
            | BackendErrorKind::Connect
            | BackendErrorKind::Refused => retry.failures.connect,
            BackendErrorKind::Broken => retry.failures.reset,
            BackendErrorKind::Timeout => retry.failures.timeout,
            BackendErrorKind::Request
            | BackendErrorKind::Stalled
            | BackendErrorKind::OverBudget => false,
            _ => is_listed(error.status()),
        },
    }
}

/// Where the connection of the last attempt broke as well, the backend as a whole is unavailable
/// (conformance test HTTPRouteRetryConnectionError).
fn exhausted(last: BackendError) -> BackendError {
    match last.kind() {
        BackendErrorKind::Broken => {
            let what = "the last attempt was not answered either";
            BackendError::new(BackendErrorKind::Exhausted, what).because(last)
        }
        _ => last,
    }
}

/// One attempt.
async fn once<B: Backend>(
    backend: &B,
    bounds: &Bounds<'_>,
    attempt: &Attempt<'_>,
    head: Parts,
    body: Body,
) -> Result<Response<Body>, BackendError> {
    attempt.begin();
    let call = backend.call(Request::from_parts(head, body), attempt);
    match bounds.next() {
        None => call.await,
        Some(bound) => in_time(bound, call).await,
    }
}

/// One attempt that has to be over in time; that of the response's body counts as well.
async fn in_time(
    (end, limit): (Instant, Duration),
    call: impl Future<Output = Result<Response<Body>, BackendError>>,
) -> Result<Response<Body>, BackendError> {
    let response = within(Some((end, limit)), call).await??;
    Ok(response.map(|body| body.cut_at(end, limit)))
}

/// What `future` comes to, if that is in time.
pub(super) async fn within<F: Future>(
    bound: Option<(Instant, Duration)>,
    future: F,
) -> Result<F::Output, BackendError> {
    let Some((end, limit)) = bound else {
        return Ok(future.await);
    };
    timeout_at(end, future)
        .await
        .map_err(|_elapsed| BackendError::late(limit))
}

/// What an answer comes to, unless nothing moves for too long; its body counts as well.
pub(super) async fn while_alive(
    pulse: Pulse,
    answered: impl Future<Output = Result<Response<Body>, BackendError>>,
) -> Result<Response<Body>, BackendError> {
    match pulse.watch(answered).await {
        Ok(answered) => Ok(answered?.map(|body| pulse.of_response(body))),
        Err(Silent { limit, is_complete }) => Err(match is_complete {
            true => BackendError::late(limit),
            false => {
                let what = format!("nothing more of the request within {limit:?}");
                BackendError::new(BackendErrorKind::Stalled, what)
            }
        }),
    }
}
