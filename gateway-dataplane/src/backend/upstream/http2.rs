//! A multiplexed HTTP/2 connection to an endpoint, driven by a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::poll_fn;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version, header};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::fit;
use super::lane::Open;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind};

/// Why there is no response.
pub(super) enum SendError {
    /// Not a byte of the request was sent.
    NotSent(Box<Request<Body>>),
    /// The stream or connection broke without a byte of a response.
    Unanswered(BackendError),
    /// Anything else.
    Failed(BackendError),
}

/// A handle on a connection.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: SendRequest<Body>,
    streams: Arc<AtomicUsize>,
    /// What the endpoint's settings allow, as last seen.
    max_streams: Arc<AtomicUsize>,
}

/// Bytes that an endpoint may send ahead on one stream, and on one connection.
const WINDOWS: (u32, u32) = (1 << 20, 4 << 20);

impl Http2 {
    /// Starts a connection over `stream`.
    pub(super) async fn new<S>(stream: S) -> Result<Self, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, mut connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOWS.0)
            .initial_connection_window_size(WINDOWS.1)
            .handshake(TokioIo::new(stream))
            .await?;
        let max_streams = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let seen = Arc::clone(&max_streams);
        tokio::spawn(poll_fn(move |cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            seen.store(connection.current_max_send_streams(), Ordering::Relaxed);
            ended.map(|ended| {
                if let Err(error) = ended {
                    tracing::debug!(%error, "an HTTP/2 connection to an endpoint ended");
                }
            })
        }));
        Ok(Self {
            sender,
            streams: Arc::default(),
            max_streams,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// A handle with room for one more stream, if there is any.
    pub(super) fn reserve(&self) -> Option<Reserved> {
        let streams = self.streams.fetch_add(1, Ordering::Relaxed);
        let reserved = Reserved(self.clone());
        (streams < self.max_streams.load(Ordering::Relaxed)).then_some(reserved)
    }
}

/// A connection on which one stream is counted.
pub(super) struct Reserved(Http2);

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Reserved {
    /// Sends `request` and waits for the head of the response.
    pub(super) async fn send(
        mut self,
        request: Request<Body>,
        open: Open,
    ) -> Result<Response<Body>, SendError> {
        let request = address(request).map_err(SendError::Failed)?;
        match self.0.sender.try_send_request(request).await {
            Ok(response) => {
                fit::check_response(&response).map_err(SendError::Failed)?;
                // The stream counts until its response was read.
                let counted = Box::new((self, open));
                Ok(response.map(|body| Body::upstream(body, counted)))
            }
            Err(mut failed) => Err(match failed.take_message() {
                Some(request) => SendError::NotSent(Box::new(request)),
                None => failure(failed.into_error()),
            }),
        }
    }
}

/// Moves the host from its header to `:authority` (RFC 9113 section 8.3.1); the body is sent unasked.
fn address(mut request: Request<Body>) -> Result<Request<Body>, BackendError> {
    request.headers_mut().remove(header::EXPECT);
    let host = request.headers_mut().remove(header::HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = authority;
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| {
        BackendError::new(BackendErrorKind::Request, "the request has no usable host")
            .because(error)
    })?;
    *request.version_mut() = Version::HTTP_2;
    Ok(request)
}

fn failure(error: hyper::Error) -> SendError {
    let broken = |kind, what| BackendError::new(kind, what);
    if error.is_user() {
        let what = "the request body broke off";
        return SendError::Failed(broken(BackendErrorKind::Request, what).because(error));
    }
    let what = "the endpoint reset the stream or the connection before it answered";
    SendError::Unanswered(broken(BackendErrorKind::Broken, what).because(error))
}
