//! The life of a request, from its head to the end of its response.
//!
//! Five steps, in this order: `plan`'s `route` finds the rule, without I/O; `admission` may ask somebody or wait, and is
//! absent for a rule without stages; its `prepare` picks the backend and edits the head; `attempt`, or on the short
//! way `exchange` and `stream`, sends it; `Planned::finish` edits the response, which then streams through. `client`
//! takes them for HTTP/1, `forward` for HTTP/2 and embedders.

mod admission;
mod answer;
mod attempt;
mod client;
mod connection;
mod detour;
mod ends;
pub(crate) mod entropy;
mod exchange;
mod forwarder;
pub mod headers;
mod known;
mod mirror;
mod service;
mod stream;
mod tables;
mod upgrade;

pub(crate) use client::{After, refuse, serve as serve_client};
pub use connection::ConnectionInfo;
pub(crate) use connection::Kept;
pub use forwarder::Forwarder;
pub(crate) use forwarder::{Options, Prepared};
pub use service::ForwardService;
pub(crate) use tables::{Current, Tables, View};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, Version, header, request};
use tokio::time::Instant;

use self::answer::Answer;
use self::attempt::Bounds;
use self::stream::Asked;
use self::upgrade::Upgrade;
use crate::Body;
use crate::admit::{Edits, Entering, Stages};
use crate::backend::{Attempt, Backend, BackendError, Lend};
use crate::body::Pulse;
use crate::conduct;
use crate::head::{RequestHead, ResponseHead};
use crate::observe::{Audience, Notes, Observed, Reason};
use crate::plan::{self, Planned, Routed};
use crate::table::{Destination, Head, Hit, SocketTable};

/// Answers `request`, which came over `connection`, by the routes of `table`.
pub(crate) async fn forward<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    request: Request<Body>,
    begin: Begin,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let head = RequestHead::from(&parts);
    let seen = conduct::seen_by(table, connection, &head);
    let connection = seen.as_deref().unwrap_or(connection);
    let observed = begin(&options.audience, connection, Some(&head));
    let arrived = Arrived {
        parts,
        head,
        body,
        observed,
    };
    let response = match &options.receiving {
        None => routed(options, table, connection, Duration::ZERO, arrived).await,
        Some(stages) => Box::pin(receive(options, table, connection, stages, arrived)).await,
    };
    match &connection.conduct {
        None => response,
        Some(conduct) => conduct.marked(response),
    }
}

/// Has a request pass the stages that stand before routing, and goes on with it.
async fn receive<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    stages: &Stages,
    mut arrived: Arrived,
) -> Response<Body> {
    let version = arrived.head.version;
    let mut edits = Edits::default();
    let entering = Entering {
        head: &mut arrived.head,
        body: &mut arrived.body,
        edits: &mut edits,
    };
    let received = admission::receive(options, stages, connection, entering).await;
    let response = match received {
        Ok(spent) => routed(options, table, connection, spent, arrived).await,
        Err(answer) => answer.observed(version, arrived.observed),
    };
    edits.apply(response).await
}

/// Finds the rule for a request, of whose time `spent` is over, and goes on with it.
async fn routed<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    spent: Duration,
    mut arrived: Arrived,
) -> Response<Body> {
    let version = arrived.head.version;
    let Arrived { head, observed, .. } = &mut arrived;
    let hit = match route(options, table, connection, head, observed) {
        Err(answer) => return answer.observed(version, arrived.observed),
        Ok(hit) => hit,
    };
    match hit.rule.stages() {
        None => proceed(options, connection, hit, spent, arrived).await,
        Some(_) => Box::pin(admit(options, table, connection, (hit, spent), arrived)).await,
    }
}

/// How a request begins to be observed: [`Observed::begin`] or [`Observed::begin_told`].
pub(crate) type Begin = fn(&Audience, &ConnectionInfo, Option<&RequestHead>) -> Observed;

/// Finds the rule for a request, which is observed.
fn route<'t, B>(
    options: &Options,
    table: &'t SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    observed: &mut Observed,
) -> Result<Hit<'t, Arc<B>>, Answer> {
    let (found, by) = match options.planner.route(table, connection, head) {
        Routed::To(hit) => (Ok(hit), Some(hit)),
        Routed::Answer { answer, hit } => (Err(answer), hit),
    };
    match (&found, by) {
        (_, Some(hit)) => observed.hit(hit, head),
        (Err(answer), None) if matches!(answer.reason, Reason::NoRoute(_)) => {
            let seen = Head::unnormalized(head);
            observed.missed(table, &seen, connection.sni.as_deref());
        }
        _ => {}
    }
    found
}

/// Picks a backend for a request, which is observed, and edits its head.
fn prepare<'t, B: Backend>(
    options: &Options,
    hit: Hit<'t, Arc<B>>,
    spent: Duration,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    observed: &mut Observed,
) -> Result<Planned<'t, Arc<B>>, Box<Answer>> {
    let planner = &options.planner;
    let session = match hit.rule.sessions() {
        None => (None, None),
        Some(sessions) => {
            let find = |backend: &Arc<B>, wanted: &dyn Fn(SocketAddr) -> bool| backend.find(wanted);
            plan::session::find(planner, sessions, hit, connection, head, find)
        }
    };
    let random = &mut entropy::random;
    let planned = plan::prepare::prepare(planner, hit, spent, connection, head, session, random)?;
    observed.prepared(planned.target.index, head);
    Ok(planned)
}

/// A request.
struct Arrived {
    /// What the `http` crate has of it; its extensions count.
    parts: request::Parts,
    head: RequestHead,
    body: Body,
    observed: Observed,
}

/// Has a request, of whose time some is over, pass the stages of its rule, and goes on with it. A stage that changes it
/// may have it look for its rule again, and it passes the stages of that from there on.
async fn admit<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    (mut hit, mut spent): (Hit<'_, Arc<B>>, Duration),
    mut arrived: Arrived,
) -> Response<Body> {
    let version = arrived.head.version;
    let mut edits = Edits::default();
    let mut passed = None;
    let response = loop {
        let Some(stages) = hit.rule.stages() else {
            break proceed(options, connection, hit, spent, arrived).await;
        };
        let entering = Entering {
            head: &mut arrived.head,
            body: &mut arrived.body,
            edits: &mut edits,
        };
        let passing = admission::pass(stages, passed, hit.rule, spent, connection, entering).await;
        match passing {
            Ok(admission::Passed { time, rerouted }) => {
                spent += time;
                passed = rerouted;
            }
            Err(answer) => break answer.observed(version, arrived.observed),
        }
        if passed.is_none() {
            break proceed(options, connection, hit, spent, arrived).await;
        }
        let (head, observed) = (&mut arrived.head, &mut arrived.observed);
        match route(options, table, connection, head, observed) {
            Ok(other) => hit = other,
            Err(answer) => break answer.observed(version, arrived.observed),
        }
    };
    edits.apply(response).await
}

/// Picks a backend for a request, of whose time `spent` is over, and sends it there.
async fn proceed<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    hit: Hit<'_, Arc<B>>,
    spent: Duration,
    arrived: Arrived,
) -> Response<Body> {
    let Arrived {
        mut parts,
        mut head,
        body,
        mut observed,
    } = arrived;
    let version = head.version;
    match prepare(options, hit, spent, connection, &mut head, &mut observed) {
        Err(answer) => answer.observed(version, observed),
        Ok(plan) => match lender(&plan) {
            Some(lend) => {
                let request = Asked {
                    informer: parts.extensions.remove(),
                    head,
                    body,
                    observed,
                };
                drop(parts);
                stream::exchange(options, connection, &plan, lend, request).await
            }
            None => {
                let upgrade = plan.settled.upgrade.then(|| Upgrade::take(&mut parts));
                if head.write_parts(&mut parts).is_err() {
                    let answer = answer::status(StatusCode::BAD_REQUEST, Reason::Invalid);
                    return answer.observed(version, observed);
                }
                drop(head);
                let carried = carry_out(options, connection, plan, upgrade, parts, body, observed);
                Box::pin(carried).await
            }
        },
    }
}

/// Who lends connections for this request, when nothing else is needed for it.
fn lender<'t, B: Backend>(plan: &Planned<'t, Arc<B>>) -> Option<&'t dyn Lend> {
    match plan.target.destination {
        Destination::Backend(backend) if plan.is_plain() => Some(backend.direct()?.0),
        _ => None,
    }
}

/// Mirrors the request, sends it to its backend, and edits the response.
async fn carry_out<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    mut plan: Planned<'_, Arc<B>>,
    upgrade: Option<Upgrade>,
    head: request::Parts,
    body: Body,
    mut observed: Observed,
) -> Response<Body> {
    let version = head.version;
    let copies = std::mem::take(&mut plan.settled.copies);
    let context = (plan.rule.ir(), &head.extensions);
    let body = mirror::send_all(options, connection.worker, context, copies, body);
    let body = observed.counting(body);
    let (answered, reason, broke_off) = match plan.target.destination {
        Destination::Refused(status) => {
            let answer = answer::status(*status, Reason::Refused).told(plan.settled.language);
            (answer.into_response(version), Reason::Refused, false)
        }
        Destination::Backend(backend) => {
            let called = call(
                options,
                connection,
                &mut plan,
                backend,
                (head, body),
                &observed,
            );
            match called.await {
                Ok(response) => {
                    // One that answers in the place of its endpoints says why.
                    let own = response.extensions().get().copied();
                    (response, own.unwrap_or(Reason::Backend), false)
                }
                Err(error) => {
                    let answer = answer::failure(&error, connection).told(plan.settled.language);
                    let (reason, last) = (answer.reason, answer.last);
                    (answer.into_response(version), reason, last)
                }
            }
        }
    };
    let mut response = finish(options, &plan, answered);
    if broke_off && version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    observed.answered(response.status(), reason);
    match upgrade {
        Some(upgrade) => upgrade.complete(response, connection, observed),
        None => upgrade::refuse_unasked(response, observed),
    }
}

/// Sends a request to its backend, as often and for as long as the plan says, and notes who answered.
async fn call<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: &mut Planned<'_, Arc<B>>,
    backend: &B,
    (mut head, body): (request::Parts, Body),
    observed: &Observed,
) -> Result<Response<Body>, BackendError> {
    if plan.settled.expects_continue && !body.is_empty() {
        expect_continue(&mut head);
    }
    let pulse = Pulse::for_limits(plan.idle_timeout(), plan.rule.reading_timeout());
    let body = match &pulse {
        Some(pulse) => pulse.of_request(body),
        None => body,
    };
    let is_noted = plan.session.is_some() || plan.rule.attempts().to_clients;
    let own = is_noted.then(Notes::default);
    let attempt = Attempt {
        upgrade: plan.settled.upgrade,
        hash: plan.settled.hash(),
        endpoint: plan.session.as_ref().and_then(|session| session.endpoint),
        rule: Some(plan.rule.ir()),
        ends: Some(connection.ends()),
        notes: observed.notes().or(own.as_ref()),
        ..Attempt::first(connection.worker)
    };
    let notes = attempt.notes;
    let answered = attempt::answer(options, backend, bounds(plan), attempt, head, body);
    let answered = match pulse {
        Some(pulse) => Box::pin(attempt::while_alive(pulse, answered)).await,
        None => answered.await,
    };
    if let Some(notes) = notes {
        plan.settled.attempts = notes.calls();
        if let Some(session) = &mut plan.session {
            session.answered(notes.endpoint());
        }
    }
    answered
}

/// The request's time runs from the end of its head, which is now.
fn bounds<'t, B>(plan: &Planned<'t, B>) -> Bounds<'t> {
    let request = plan.request_timeout();
    Bounds {
        request: request.map(|limit| (Instant::now() + limit, limit)),
        attempt: plan.attempt_timeout(),
        retry: plan.retry(),
        told: plan.rule.attempts().to_backends,
    }
}

/// When a single attempt that starts now has to be over, and the limit that says so.
fn deadline<B>(plan: &Planned<'_, B>) -> Option<(Instant, Duration)> {
    let limits = [plan.request_timeout(), plan.attempt_timeout()];
    let limit = limits.into_iter().flatten().min()?;
    Some((Instant::now() + limit, limit))
}

/// Edits the head of a response on its way to the client.
fn finish<B>(options: &Options, plan: &Planned<'_, B>, response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let mut head = ResponseHead::from(&parts);
    plan.finish(&options.planner, &mut head);
    parts.headers = (&head.fields).into();
    // What is sent on has this hop's own version (RFC 9112 section 2.3).
    parts.version = Version::HTTP_11;
    Response::from_parts(parts, body)
}

/// A copy of a head, with what an embedder put into its extensions.
fn copy_head(head: &request::Parts) -> request::Parts {
    let mut request = Request::new(());
    request.method_mut().clone_from(&head.method);
    request.uri_mut().clone_from(&head.uri);
    *request.version_mut() = head.version;
    request.headers_mut().clone_from(&head.headers);
    request.extensions_mut().clone_from(&head.extensions);
    request.into_parts().0
}

/// Puts `Expect` back, which is answered by the backend rather than by this hop.
fn expect_continue(head: &mut request::Parts) {
    let value = HeaderValue::from_static("100-continue");
    head.headers.insert(header::EXPECT, value);
}
