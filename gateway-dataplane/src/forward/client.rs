//! The requests of an HTTP/1 client, one after the other.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http::{Response, request};

use super::exchange::{self, Failed};
use super::plan::{self, Decision, Forward};
use super::upgrade::Upgrade;
use super::{ConnectionInfo, Options, answer, carry_out, detour, finish};
use crate::Body;
use crate::backend::{Backend, BackendErrorKind, Lend, Tunnel};
use crate::codec::h1::Client;
use crate::server::{Order, Watch};
use crate::table::{Destination, SocketTable};

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
    let mut head = match client.frame().map(|()| client.head.to_parts()) {
        Ok(Ok(head)) => head,
        Ok(Err(_)) => return refuse(client, connection, http::StatusCode::BAD_REQUEST).await,
        Err(error) => return refuse(client, connection, error.status()).await,
    };
    match plan::decide(options, table, connection, &mut head) {
        Decision::Answer(response) => say(client, connection, response).await,
        Decision::Forward(plan) => match lender(&plan) {
            Some(lend) => direct(options, connection, &plan, lend, client, head).await,
            None => Box::pin(indirect(options, connection, plan, client, head)).await,
        },
    }
}

/// Answers in place of a request that cannot be read, after which the connection closes.
pub(crate) async fn refuse(
    client: &mut Client,
    connection: &ConnectionInfo,
    status: http::StatusCode,
) -> After {
    client.keep_alive = false;
    say(client, connection, answer::status(status)).await
}

/// Gives an answer of this hop's own.
async fn say(client: &mut Client, connection: &ConnectionInfo, response: Response<Body>) -> After {
    if response
        .headers()
        .get(http::header::CONNECTION)
        .is_some_and(|v| v == "close")
    {
        client.keep_alive = false;
    }
    let watch = connection.watch.as_deref();
    match detour::respond(client, &mut None, watch, response).await {
        Ok(()) => go_on(client),
        Err(detour::BrokeOff) => After::Close,
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

/// Who lends connections for this request, when nothing else is needed for it.
fn lender<'t, B: Backend>(plan: &Forward<'t, B>) -> Option<&'t dyn Lend> {
    let plain = !plan.upgrade && plan.is_plain();
    match plan.target.destination {
        Destination::Backend(backend) if plain => Some(backend.direct()?.0),
        _ => None,
    }
}

/// Both connections in this task.
async fn direct<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: &Forward<'_, B>,
    lend: &dyn Lend,
    client: &mut Client,
    mut head: request::Parts,
) -> After {
    if plan.expects_continue && !client.side.decoder.is_done() {
        super::expect_continue(&mut head);
    }
    client.head.read_parts(&head);
    let course = lend.begin(connection.worker);
    let watch = connection.watch.as_deref();
    match exchange::begin(lend, course, client, watch).await {
        Ok(exchange) => {
            let mut response = Response::from_parts(client.response.to_parts(), Body::empty());
            if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
                return say(
                    client,
                    connection,
                    answer::status(http::StatusCode::BAD_GATEWAY),
                )
                .await;
            }
            finish(options, plan, &mut response);
            client.response.read_parts(&response.into_parts().0);
            last_if_told(client, watch);
            client.respond(exchange.size());
            match exchange.pass_on(client, watch).await {
                Ok(()) => go_on(client),
                Err(exchange::BrokeOff) => After::Close,
            }
        }
        Err(Failed::Gone) => After::Close,
        Err(Failed::Backend(error)) => {
            if error.kind() == BackendErrorKind::Request {
                // Nobody knows where the next request starts.
                client.keep_alive = false;
            }
            let mut response = answer::failure(&error, connection);
            finish(options, plan, &mut response);
            say(client, connection, response).await
        }
    }
}

/// By way of a request with a body of its own.
async fn indirect<B: Backend>(
    options: &Options,
    connection: &ConnectionInfo,
    plan: Forward<'_, B>,
    client: &mut Client,
    head: request::Parts,
) -> After {
    let (body, mut feed) = detour::body(client);
    let watch = connection.watch.as_deref();
    let upgrade = plan.upgrade.then_some(Upgrade::ByServer);
    let answered = carry_out(options, connection, plan, upgrade, head, body);
    let answered: Pin<&mut (dyn Future<Output = _> + Send)> = pin!(answered);
    let Ok(mut response) = detour::answer(client, &mut feed, watch, answered).await else {
        return After::Close;
    };
    if response
        .headers()
        .get(http::header::CONNECTION)
        .is_some_and(|v| v == "close")
    {
        client.keep_alive = false;
    }
    let tunnel = response.extensions_mut().remove::<Tunnel>();
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
