//! The requests of an HTTP/1 client, one after the other.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode, header};

use super::answer::{self, Answer};
use super::ends::Ends;
use super::exchange::{self, Failed};
use super::upgrade::{self, ServedHere, Upgrade};
use super::{
    Arrived, ConnectionInfo, Options, admission, admit, carry_out, deadline, detour, lender,
    prepare, receive, route,
};
use crate::Body;
use crate::admit::Stages;
use crate::backend::{Backend, Lend, Tunnel};
use crate::body::{Deadline, Feed};
use crate::codec::h1::Client;
use crate::conduct;
use crate::head::Known;
use crate::observe::{Ended, Observed, Reason};
use crate::plan::Planned;
use crate::server::{Order, Watch};
use crate::table::{Hit, SocketTable};

/// What becomes of the client's connection.
pub(crate) enum After {
    /// The next request.
    Next,
    /// It closes.
    Close,
    /// Another protocol is spoken on it.
    Switch(Tunnel),
}

/// Answers the request whose head was read from `client`.
pub(crate) async fn serve<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    client: &mut Client,
) -> After {
    let seen = conduct::seen_by(table, connection, &client.head);
    let connection = seen.as_deref().unwrap_or(connection);
    let mut observed = Observed::begin(&options.audience, connection, Some(&client.head));
    if let Err(error) = client.frame() {
        return say(client, connection, unreadable(error.status()), observed).await;
    }
    let mut spent = Duration::ZERO;
    if let Some(stages) = &options.receiving {
        if stages.take_exchange() {
            let received = received(options, table, connection, stages, client, observed);
            return Box::pin(received).await;
        }
        let receiving = admission::receive_client(options, stages, connection, client);
        match Box::pin(receiving).await {
            Ok(Ok(time)) => spent = time,
            Ok(Err(answer)) => return say(client, connection, answer, observed).await,
            Err(admission::Gone) => return After::Close,
        }
    }
    let head = &mut client.head;
    let hit = match route(options, table, connection, head, &mut observed) {
        Err(answer) => return say(client, connection, answer, observed).await,
        Ok(hit) => hit,
    };
    if let Some(stages) = hit.rule.stages() {
        if stages.take_exchange() {
            let hit = (hit, spent);
            return Box::pin(whole(options, table, connection, hit, client, observed)).await;
        }
        let passing = admission::pass_client(stages, hit.rule, spent, connection, client);
        match Box::pin(passing).await {
            Ok(Ok(time)) => spent += time,
            Ok(Err(answer)) => return say(client, connection, answer, observed).await,
            Err(admission::Gone) => return After::Close,
        }
    }
    let head = &mut client.head;
    match prepare(options, hit, spent, connection, head, &mut observed) {
        Err(answer) => say(client, connection, *answer, observed).await,
        Ok(plan) => match lender(&plan) {
            Some(lend) => direct(options, connection, &plan, lend, client, observed).await,
            None => Box::pin(indirect(options, connection, plan, client, observed)).await,
        },
    }
}

/// Answers in place of a request that cannot be read, after which the connection closes.
pub(crate) async fn refuse(
    options: &Options,
    client: &mut Client,
    connection: &ConnectionInfo,
    status: StatusCode,
) -> After {
    let observed = Observed::begin(&options.audience, connection, None);
    say(client, connection, unreadable(status), observed).await
}

fn unreadable(status: StatusCode) -> Answer {
    answer::status(status, Reason::Invalid).last()
}

/// Gives an answer of this hop's own.
async fn say(
    client: &mut Client,
    connection: &ConnectionInfo,
    answer: Answer,
    mut observed: Observed,
) -> After {
    client.keep_alive &= !answer.last;
    last_if_told(client, connection.watch.as_deref());
    observed.answered(answer.head.status, answer.reason);
    client.response = answer.head;
    mark(client, connection);
    observed.headed(&client.response.fields);
    match client.say(&answer.text).await {
        Ok(sent) => {
            observed.moved(0, sent);
            observed.ended(Ended::Complete);
            go_on(client)
        }
        Err(_) => After::Close,
    }
}

/// Edits the head of a response as the listener says.
fn mark(client: &mut Client, connection: &ConnectionInfo) {
    if let Some(conduct) = &connection.conduct {
        conduct.mark(&mut client.response.fields);
    }
}

/// Nothing follows on a connection that is to finish.
pub(super) fn last_if_told(client: &mut Client, watch: Option<&Watch>) {
    client.keep_alive &= watch.is_none_or(|watch| watch.order() == Order::Serve);
}

fn go_on(client: &Client) -> After {
    match client.keep_alive {
        true => After::Next,
        false => After::Close,
    }
}

/// Both connections in this task.
async fn direct<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: &Planned<'_, Arc<B>>,
    lend: &dyn Lend,
    client: &mut Client,
    mut observed: Observed,
) -> After {
    if plan.settled.expects_continue && !client.side.decoder.is_done() {
        client.head.fields.set(Known::Expect, b"100-continue");
    }
    let watch = connection.watch.as_deref();
    let mut ends = Ends {
        watch,
        deadline: deadline(plan).map(|(at, limit)| Deadline::earliest(None, at, limit)),
        response_head: options.limits.response_head,
    };
    match exchange::begin(lend, connection.worker, client, &mut ends, &mut observed).await {
        Ok(_) if client.response.status == StatusCode::SWITCHING_PROTOCOLS => {
            say(client, connection, upgrade::unusable(), observed).await
        }
        Ok(exchange) => {
            observed.answered(client.response.status, Reason::Backend);
            plan.finish(&options.planner, &mut client.response);
            last_if_told(client, watch);
            mark(client, connection);
            observed.headed(&client.response.fields);
            client.respond(exchange.size());
            match exchange.pass_on(client, &mut ends, &mut observed).await {
                Ok(()) => go_on(client),
                Err(exchange::BrokeOff(ended)) => {
                    observed.ended(ended);
                    After::Close
                }
            }
        }
        Err(Failed::Gone) => After::Close,
        Err(Failed::Backend(error)) => {
            let mut answer = answer::failure(&error, connection).told(plan.settled.language);
            plan.finish(&options.planner, &mut answer.head);
            say(client, connection, answer, observed).await
        }
    }
}

/// By way of a request with a body of its own.
async fn indirect<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: Planned<'_, Arc<B>>,
    client: &mut Client,
    observed: Observed,
) -> After {
    let Ok(mut head) = client.head.to_parts() else {
        let answer = unreadable(StatusCode::BAD_REQUEST);
        return say(client, connection, answer, observed).await;
    };
    let interim = detour::Interim::default();
    head.extensions.insert(interim.informer());
    let (body, feed) = detour::body(client);
    let upgrade = plan.settled.upgrade.then_some(Upgrade::ByServer);
    let answered = carry_out(options, connection, plan, upgrade, head, body, observed);
    detoured(client, connection, feed, &interim, pin!(answered)).await
}

/// By way of a request with a body of its own, for stages that take the whole exchange.
async fn whole<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    hit: (Hit<'_, Arc<B>>, Duration),
    client: &mut Client,
    observed: Observed,
) -> After {
    let (arrived, feed, interim) = arrived(client, observed);
    let answered = admit(options, table, connection, hit, arrived);
    detoured(client, connection, feed, &interim, pin!(answered)).await
}

/// The same for stages that stand before routing.
async fn received<B: Backend>(
    options: &Options,
    table: &SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    stages: &Stages,
    client: &mut Client,
    observed: Observed,
) -> After {
    let (arrived, feed, interim) = arrived(client, observed);
    let answered = receive(options, table, connection, stages, arrived);
    detoured(client, connection, feed, &interim, pin!(answered)).await
}

/// The request with a body of its own, what feeds that, and the way of interim responses.
fn arrived(client: &Client, observed: Observed) -> (Arrived, Option<Feed>, detour::Interim) {
    let interim = detour::Interim::default();
    let mut parts = Request::new(()).into_parts().0;
    parts.extensions.insert(interim.informer());
    parts.extensions.insert(ServedHere);
    let (body, feed) = detour::body(client);
    let arrived = Arrived {
        parts,
        head: client.head.clone(),
        body,
        observed,
    };
    (arrived, feed, interim)
}

/// Gives the answer to a request whose body `feed` feeds.
async fn detoured(
    client: &mut Client,
    connection: &ConnectionInfo,
    mut feed: Option<Feed>,
    interim: &detour::Interim,
    answered: Pin<&mut (dyn Future<Output = Response<Body>> + Send)>,
) -> After {
    let watch = connection.watch.as_deref();
    let Ok(mut response) = detour::answer(client, &mut feed, interim, watch, answered).await else {
        return After::Close;
    };
    let option = response.headers().get(header::CONNECTION);
    client.keep_alive &= option.is_none_or(|option| option != "close");
    let tunnel = response.body_mut().take_tunnel();
    if let Some(conduct) = &connection.conduct {
        response = conduct.marked(response);
    }
    if detour::respond(client, &mut feed, watch, response)
        .await
        .is_err()
    {
        return After::Close;
    }
    match tunnel {
        Some(tunnel) => After::Switch(tunnel),
        None => go_on(client),
    }
}
