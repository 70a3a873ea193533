//! Speaking HTTP/2 to clients.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response, header};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::frames::{Bounded, Excess};
use super::http1::Open;
use super::respond::respond;
use super::watch::{Order, Watch};
use crate::body::{Informer, Rest};
use crate::{Body, Limits};

/// How HTTP/2 is served.
#[derive(Debug, Clone)]
pub(super) struct Http2 {
    builder: Builder,
    linger: Duration,
    control_frames: u32,
}

impl Http2 {
    pub(super) fn new(limits: &Limits) -> Self {
        let share = limits.h2_send_buffer_of_all / limits.h2_streams.max(1) as usize;
        let mut builder = Builder::new();
        builder
            .max_concurrent_streams(limits.h2_streams)
            .max_header_list_size(limits.h2_header_list)
            .max_pending_accept_reset_streams(limits.h2_pending_resets)
            .max_local_error_reset_streams(Some(limits.h2_local_resets))
            .max_send_buffer_size(limits.h2_send_buffer.min(share))
            .initial_window_size(limits.h2_stream_window)
            .initial_connection_window_size(limits.h2_connection_window);
        Self {
            builder,
            linger: limits.linger,
            control_frames: limits.h2_control_frames,
        }
    }

    /// Serves requests on `stream` until it closes, or until `watch` says so.
    pub(super) async fn serve<S, H, F>(&self, stream: S, watch: &Arc<Watch>, handle: H)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        H: Fn(Request<Body>) -> F,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        watch.set_multiplexed();
        let excess = Excess::default();
        let stream = Bounded::new(stream, self.control_frames, excess.clone());
        let mut handshake = pin!(self.builder.handshake(stream));
        let connection = poll_fn(|cx| match watch.poll_order(cx) {
            Order::Stop => Poll::Ready(None),
            Order::Serve | Order::Finish => handshake.as_mut().poll(cx).map(Some),
        });
        let mut connection = match connection.await {
            Some(Ok(connection)) => connection,
            Some(Err(error)) => return tracing::debug!(%error, "a client connection ended"),
            None => return,
        };
        let mut told = false;
        let next = |connection: &mut Connection<_, _>, told: &mut bool, cx: &mut Context<'_>| {
            match poll_next(connection, watch, told, cx) {
                Poll::Pending if excess.is_there() => Poll::Ready(None),
                next => next,
            }
        };
        while let Some(next) = poll_fn(|cx| next(&mut connection, &mut told, cx)).await {
            match next {
                Ok((request, send)) => {
                    let send = Arc::new(std::sync::Mutex::new(send));
                    // Boxed, since a future is moved several times on its way to its task.
                    let (request, rest) = incoming(request, &send);
                    let answered = Box::pin(handle(request));
                    let (open, linger) = (Open::on(watch), self.linger);
                    tokio::spawn(async move {
                        respond(&send, answered).await;
                        drop(open);
                        if let Some(rest) = rest {
                            rest.read_on(linger).await;
                        }
                    });
                }
                Err(error) => return tracing::debug!(%error, "a client connection ended"),
            }
        }
        let reason = match excess.is_there() {
            true => Some(Reason::ENHANCE_YOUR_CALM),
            false => (watch.order() == Order::Stop).then_some(Reason::NO_ERROR),
        };
        if let Some(reason) = reason {
            connection.abrupt_shutdown(reason);
            let parting = poll_fn(|cx| connection.poll_closed(cx));
            let _parted_or_given_up = timeout(self.linger, parting).await;
        }
    }
}

type Next = Option<Result<(Request<RecvStream>, SendResponse<Bytes>), h2::Error>>;

fn poll_next<S>(
    connection: &mut Connection<S, Bytes>,
    watch: &Watch,
    told: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Next>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match watch.poll_order(cx) {
        Order::Stop => return Poll::Ready(None),
        Order::Finish if !*told && watch.is_between_requests() => {
            *told = true;
            connection.graceful_shutdown();
        }
        Order::Finish | Order::Serve => {}
    }
    connection.poll_accept(cx)
}

/// The request with its body and with the way for interim responses, and what will be left of the body.
fn incoming(
    request: Request<RecvStream>,
    send: &Arc<std::sync::Mutex<SendResponse<Bytes>>>,
) -> (Request<Body>, Option<Arc<Rest>>) {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let (parts, stream) = request.into_parts();
    let (body, rest) = Body::stream(stream, length);
    let mut request = Request::from_parts(parts, body);
    let send = Arc::downgrade(send);
    request
        .extensions_mut()
        .insert(Informer::new(move |interim| {
            if let Some(send) = send.upgrade()
                && let Ok(mut send) = send.lock()
            {
                // A client that has left is noticed elsewhere.
                let _left = send.send_informational(interim);
            }
        }));
    (request, rest)
}
