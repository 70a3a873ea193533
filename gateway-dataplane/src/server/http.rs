//! Speaking HTTP/2 to clients, and finding out who does. The only file of the server that knows hyper's
//! connections.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{FutureExt, poll_fn};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::watch::{Order, Watch};
use crate::{Body, Limits};

/// How HTTP/2 is served.
#[derive(Debug, Clone)]
pub(super) struct Http(http2::Builder<TokioExecutor>);

/// The version that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Http {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .max_concurrent_streams(limits.h2_streams)
            .max_header_list_size(limits.h2_header_list)
            .max_pending_accept_reset_streams(limits.h2_pending_resets)
            .max_local_error_reset_streams(limits.h2_local_resets)
            .initial_stream_window_size(limits.h2_stream_window)
            .initial_connection_window_size(limits.h2_connection_window);
        Self(http2)
    }

    /// Serves requests on `stream` until it closes, or until `watch` says so.
    pub(super) async fn serve<S, H, F>(&self, stream: S, watch: &Arc<Watch>, handle: H)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        H: Fn(Request<Body>, OpenRequest) -> F,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let watched = Arc::clone(watch);
        let service = service_fn(move |request: Request<Incoming>| {
            let open = OpenRequest::on(&watched);
            // Boxed, since the future of a stream is moved several times on its way to its task.
            let response = Box::pin(handle(request.map(Body::from), open));
            response.map(Ok::<_, Infallible>)
        });
        watch.set_multiplexed();
        let served = self.0.serve_connection(TokioIo::new(stream), service);
        run(pin!(served), watch, http2::Connection::graceful_shutdown).await;
    }
}

/// Counts a request as open until its response was sent, or until it is given up.
pub(super) struct OpenRequest(Option<Arc<Watch>>);

impl OpenRequest {
    fn on(watch: &Arc<Watch>) -> Self {
        watch.begin();
        Self(Some(Arc::clone(watch)))
    }

    pub(super) fn until_sent(mut self, response: Response<Body>) -> Response<Body> {
        match self.0.take() {
            Some(watch) => response.map(|body| body.guarded(watch)),
            None => response,
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if let Some(watch) = self.0.take() {
            crate::body::OnEnd::on_end(&*watch);
        }
    }
}

/// Polls a connection to its end, and makes it finish when it is told to.
async fn run<C>(mut connection: Pin<&mut C>, watch: &Watch, finish: fn(Pin<&mut C>))
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut told = false;
    let ended = poll_fn(|cx| {
        match watch.poll_order(cx) {
            Order::Stop => return Poll::Ready(Ok(())),
            Order::Finish if !told && watch.is_between_requests() => {
                told = true;
                finish(connection.as_mut());
            }
            Order::Finish | Order::Serve => {}
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, "a client connection ended");
    }
}

/// What a client sends first when it speaks HTTP/2 (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Most of the first requests fit.
const FIRST_READ: usize = 2_048;

/// Reads until it is clear which protocol the client speaks; returns what was read as well. `None`:
/// the client left, or `watch` says stop.
pub(super) async fn sniff<S>(stream: &mut S, watch: &Watch) -> Option<(Protocol, Vec<u8>)>
where
    S: AsyncRead + Unpin,
{
    let mut ahead = Vec::with_capacity(FIRST_READ);
    loop {
        let read = {
            let mut read = pin!(stream.read_buf(&mut ahead));
            poll_fn(|cx| match watch.poll_order(cx) {
                Order::Stop => Poll::Ready(None),
                Order::Serve | Order::Finish => read.as_mut().poll(cx).map(Result::ok),
            })
            .await?
        };
        watch.read_some();
        let common = ahead.len().min(PREFACE.len());
        if ahead[..common] != PREFACE[..common] {
            return Some((Protocol::Http1, ahead));
        }
        if common == PREFACE.len() {
            return Some((Protocol::Http2, ahead));
        }
        if read == 0 {
            return None;
        }
    }
}
