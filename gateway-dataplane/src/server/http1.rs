//! Speaking HTTP/1 to clients.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::io::copy_bidirectional;

use super::watch::{Order, Watch};
use crate::Limits;
use crate::backend::{Backend, Tunnel};
use crate::codec::h1::{Client, HeadLimits, NoHead, Rules, Side};
use crate::forward::{After, ConnectionInfo, Current, Options, View, refuse, serve_client};

/// A client on the other end of `side`.
pub(super) fn client(limits: &Limits, rules: Rules, side: Side) -> Client {
    let limits = HeadLimits {
        bytes: limits.header_bytes,
        fields: limits.header_count,
    };
    Client::new(side, limits).by(rules)
}

/// Serves the requests that come from `client`, which is given the time `linger` to close.
pub(super) async fn serve<B: Backend>(
    options: &Options,
    current: &mut Current<B>,
    info: &ConnectionInfo,
    watch: &Arc<Watch>,
    client: &mut Client,
    linger: Duration,
) {
    loop {
        let next = next(client, watch).await;
        if let Next::Over | Next::Asked = next {
            if watch.order() != Order::Stop {
                client.part(linger).await;
            }
            return;
        }
        // Boxed, so that a connection which waits does not carry the room for it.
        let _open = Open::on(watch);
        let view = current.view();
        let turn = turn(options, &view, info, watch, client, next);
        let after = Box::pin(turn).await;
        if matches!(after, After::Close) && watch.order() != Order::Stop {
            client.close(linger).await;
        }
        match after {
            After::Next => {}
            After::Close => return,
            After::Switch(tunnel) => return Box::pin(join(client, tunnel, watch)).await,
        }
    }
}

/// One request, up to where another can follow or the connection has to close.
async fn turn<B: Backend>(
    options: &Options,
    view: &View<B>,
    info: &ConnectionInfo,
    watch: &Watch,
    client: &mut Client,
    next: Next,
) -> After {
    let mut after = match next {
        Next::Refused(status) => refuse(options, client, info, status).await,
        _ => serve_client(options, &view.table, info, client).await,
    };
    if matches!(after, After::Next) && !client.side.decoder.is_done() {
        drain(client, watch, &mut after).await;
    }
    after
}

enum Next {
    Request,
    /// What came is no request.
    Refused(http::StatusCode),
    /// The client is done, or has to be.
    Over,
    /// The client has to be done, unless it has sent something.
    Asked,
}

async fn next(client: &mut Client, watch: &Watch) -> Next {
    if !client.side.input.is_empty() {
        watch.read_some();
    }
    match poll_fn(|cx| poll_next(client, watch, cx)).await {
        Next::Asked => {}
        next => return next,
    }
    // The kernel may have bytes that the runtime has not heard of; it looks before it comes back to a task
    // that yields.
    tokio::task::yield_now().await;
    poll_fn(|cx| poll_next(client, watch, cx)).await
}

fn poll_next(client: &mut Client, watch: &Watch, cx: &mut Context<'_>) -> Poll<Next> {
    let order = watch.poll_order(cx);
    if order == Order::Stop {
        return Poll::Ready(Next::Over);
    }
    if watch.has_late_head() {
        return Poll::Ready(Next::Refused(http::StatusCode::REQUEST_TIMEOUT));
    }
    match client.poll_next(cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Next::Request),
        Poll::Ready(Err(NoHead::Bad(bad))) => Poll::Ready(Next::Refused(bad.status())),
        Poll::Ready(Err(NoHead::Closed(..))) => Poll::Ready(Next::Over),
        Poll::Pending if order == Order::Finish && watch.is_between_requests() => {
            Poll::Ready(Next::Asked)
        }
        Poll::Pending => {
            client.rest();
            Poll::Pending
        }
    }
}

/// Reads a short rest of the request, so that another can follow.
async fn drain(client: &mut Client, watch: &Watch, after: &mut After) {
    let drained = poll_fn(|cx| match watch.poll_order(cx) {
        Order::Stop => Poll::Ready(false),
        _ => client.poll_drain(cx).map(|drained| drained.is_ok()),
    });
    if !drained.await {
        *after = After::Close;
    }
}

/// Copies bytes both ways, until both sides or the clock say that it is over.
async fn join(client: &mut Client, tunnel: Tunnel, watch: &Arc<Watch>) {
    let _open = Open::on(watch);
    let mut backend = tunnel;
    let mut copying = pin!(copy_bidirectional(&mut client.side, &mut backend));
    let copied = poll_fn(|cx| match watch.poll_order(cx) {
        Order::Stop => Poll::Ready(None),
        _ => copying.as_mut().poll(cx).map(Some),
    });
    match copied.await {
        Some(Ok((sent, received))) => tracing::debug!(sent, received, "a tunnel closed"),
        Some(Err(error)) => tracing::debug!(%error, "a tunnel broke"),
        None => tracing::debug!("a tunnel was closed"),
    }
}

/// Counts a request or tunnel as open for as long as it lives.
pub(super) struct Open(Arc<Watch>);

impl Open {
    pub(super) fn on(watch: &Arc<Watch>) -> Self {
        watch.begin();
        Self(Arc::clone(watch))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}
