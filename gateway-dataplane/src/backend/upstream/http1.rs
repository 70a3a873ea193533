//! One HTTP/1.1 connection to an endpoint, driven by the task whose request it carries.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::poll_fn;
use http::{Request, Response, StatusCode, header};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::ext::on_informational;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::fit;
use super::lane::Open;
use super::shield::Shield;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind, Tunnel};
use crate::body::{Exchange, Gate};
use crate::rewind::Rewind;

/// A connection that carries one exchange at a time.
pub(super) struct Http1<S: AsyncRead + AsyncWrite + Unpin> {
    sender: SendRequest<Body>,
    connection: Connection<TokioIo<S>, Body>,
    /// The connection has ended; it is not polled again.
    ended: bool,
    shield: Arc<Shield>,
    waker: Waker,
    /// The endpoint that it leads to, while it carries an exchange.
    open: Option<Open<S>>,
    parked_at: Instant,
}

/// Why there is no response.
pub(super) enum SendError {
    /// Not a byte of the request was sent.
    NotSent(Box<Request<Body>>),
    /// The connection broke without a byte of a response.
    Unanswered(BackendError),
    /// Anything else.
    Failed(BackendError),
}

/// Polls in a row before other tasks get their turn.
const MAX_ROUNDS: usize = 8;

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Http1<S> {
    /// A connection over `stream`.
    pub(super) async fn new(stream: S) -> Result<Box<Self>, hyper::Error> {
        let (sender, connection) = Builder::new().handshake(TokioIo::new(stream)).await?;
        let shield = Shield::new();
        Ok(Box::new(Self {
            sender,
            connection,
            ended: false,
            waker: Waker::from(Arc::clone(&shield)),
            shield,
            open: None,
            parked_at: Instant::now(),
        }))
    }

    /// Sends `request` and waits for the head of the response. The body of one with `Expect` is
    /// held back until the endpoint asks for it, for at most `patience`.
    pub(super) async fn send(
        mut self: Box<Self>,
        request: Request<Body>,
        open: Open<S>,
        patience: Duration,
    ) -> Result<Response<Body>, SendError> {
        self.open = Some(open);
        let request = hold_back(request, patience);
        let mut response = pin!(self.sender.try_send_request(request));
        let response = poll_fn(|cx| self.drive(cx, |cx| response.as_mut().poll(cx))).await;
        match response {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Box::pin(self.switch(response)).await
            }
            Ok(mut response) => match fit::check_response(&mut response) {
                Ok(()) => Ok(response.map(|body| Body::upstream(body, self))),
                Err(error) => Err(SendError::Failed(error)),
            },
            Err(mut failed) => Err(match failed.take_message() {
                Some(request) => SendError::NotSent(Box::new(request)),
                None => failure(failed.into_error()),
            }),
        }
    }

    /// Takes the stream out from under HTTP.
    async fn switch(
        mut self: Box<Self>,
        response: Response<Incoming>,
    ) -> Result<Response<Body>, SendError> {
        poll_fn(|cx| {
            self.drive(cx, |_| Poll::<()>::Pending).is_ready();
            match self.ended {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        let Self {
            connection, open, ..
        } = *self;
        let parts = connection.into_parts();
        let stream = Rewind::new(parts.read_buf, parts.io.into_inner(), open);
        let mut response = response.map(|_| Body::empty());
        response.extensions_mut().insert(Tunnel::new(stream));
        Ok(response)
    }

    /// Lets the connection work until `step` is ready.
    fn drive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.shield.enter(cx.waker());
        for _ in 0..MAX_ROUNDS {
            self.poll_connection();
            if let Poll::Ready(ready) = step(&mut Context::from_waker(&self.waker)) {
                self.shield.found();
                return Poll::Ready(ready);
            }
            if self.shield.leave() {
                return Poll::Pending;
            }
        }
        self.shield.yield_now();
        Poll::Pending
    }

    fn poll_connection(&mut self) {
        if !self.ended {
            let mut cx = Context::from_waker(&self.waker);
            self.ended = self.connection.poll_without_shutdown(&mut cx).is_ready();
        }
    }

    /// Can it carry another request, as far as one can tell?
    pub(super) fn is_usable(&mut self) -> bool {
        if self.shield.is_stirred() {
            self.settle();
        }
        !self.ended && self.sender.is_ready()
    }

    /// When was it last put aside?
    pub(super) fn parked_at(&self) -> Instant {
        self.parked_at
    }

    /// Lets the connection see the end of an exchange, or of itself, with nobody waiting.
    fn settle(&mut self) {
        self.shield.enter(Waker::noop());
        for _ in 0..MAX_ROUNDS {
            self.poll_connection();
            if self.shield.leave() {
                break;
            }
        }
        self.shield.park();
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Exchange for Http1<S> {
    fn poll_frame(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // Asking first tells the connection that the next frame is wanted.
        let mut shielded = Context::from_waker(&self.waker);
        self.shield.enter(cx.waker());
        if let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(&mut shielded) {
            self.shield.found();
            return Poll::Ready(frame);
        }
        self.drive(cx, |cx| Pin::new(&mut *incoming).poll_frame(cx))
    }

    fn finish(mut self: Box<Self>) {
        let Some(open) = self.open.take() else {
            return;
        };
        self.settle();
        if !self.ended && self.sender.is_ready() {
            self.parked_at = Instant::now();
            open.put(self);
        }
    }
}

/// Puts the body of a request with `Expect: 100-continue` behind a gate (RFC 9110 section 10.1.1).
fn hold_back(mut request: Request<Body>, patience: Duration) -> Request<Body> {
    if !request.headers().contains_key(header::EXPECT) || request.body().is_empty() {
        return request;
    }
    let (gate, key) = Gate::new(patience);
    on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            key.open();
        }
    });
    request.map(|body| body.behind(gate))
}

fn failure(error: hyper::Error) -> SendError {
    if error.is_user() {
        let what = "the request body broke off";
        return SendError::Failed(
            BackendError::new(BackendErrorKind::Request, what).because(error),
        );
    }
    if error.is_parse() {
        let what = "the endpoint's response is not HTTP/1.1";
        return SendError::Failed(
            BackendError::new(BackendErrorKind::Protocol, what).because(error),
        );
    }
    let what = "the endpoint closed the connection before it answered";
    let broken = BackendError::new(BackendErrorKind::Broken, what);
    match error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        true => SendError::Unanswered(broken.because(error)),
        false if std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>()) => {
            SendError::Unanswered(broken.because(error))
        }
        false => SendError::Failed(broken.because(error)),
    }
}
