//! One request on a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{Method, Request, Response, Uri, Version, header};
use http_body::Body as _;

use super::super::fit;
use super::Reserved;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind, is_harmless};
use crate::body::{Informer, Lull};
use crate::codec::h1::{BadHead, fit_interim};
use crate::codec::h2::{Answering, Sending, Stopped, strip};
use crate::head::ResponseHead;
use crate::limits::fixed as limits;

/// Why there is no response.
pub(in super::super) enum SendError {
    /// The request was not processed (RFC 9113 section 8.7).
    Unprocessed(Box<Request<Body>>, BackendError),
    /// The stream or connection broke without a byte of a response; the request is there when it may be sent
    /// twice.
    Unanswered(Option<Box<Request<Body>>>, BackendError),
    /// Anything else.
    Failed(BackendError),
}

impl Reserved {
    /// Sends `request` and waits for the head of the response; `open` lives as long as the exchange.
    pub(in super::super) async fn send(
        mut self,
        request: Request<Body>,
        open: impl Send + 'static,
        informer: Option<&Informer>,
    ) -> Result<Response<Body>, SendError> {
        let (mut head, body) = request.into_parts();
        address(&mut head, &body).map_err(SendError::Failed)?;
        let mut exchange = self.begin(head, body)?;
        let http2 = &self.connection;
        self.unanswered_since = Some(http2.heard.load(Ordering::Relaxed));
        let answered = poll_fn(|cx| exchange.poll(informer, cx)).await;
        if !matches!(answered, Err(NoResponse::Late)) {
            self.unanswered_since = None;
        }
        let response = match answered {
            Ok(response) => response,
            Err(NoResponse::Late) => {
                return Err(SendError::Failed(BackendError::late(exchange.limit)));
            }
            Err(NoResponse::Final(error)) => return Err(SendError::Failed(error)),
            Err(NoResponse::Stream(error)) => return Err(exchange.failed(error, &self)),
        };
        if response.headers().len() > http2.settings.header_count {
            let what = BadHead::TooMany.of_response();
            return Err(SendError::Failed(protocol(what)));
        }
        fit::check_response(&response).map_err(SendError::Failed)?;
        // The stream counts until its response was read.
        let counted = Box::new((self, open));
        Ok(exchange.answer(response, counted))
    }

    /// Sends the head.
    fn begin(&self, head: Parts, body: Body) -> Result<Exchange, SendError> {
        let sender = self.connection.sender().clone();
        let copy = copy(&head);
        let ended = body.is_empty();
        let Some(mut sender) = sender else {
            let request = Box::new(Request::from_parts(head, body));
            return Err(SendError::Unprocessed(request, refused()));
        };
        match sender.send_request(Request::from_parts(head, ()), ended) {
            Ok((response, stream)) => {
                let sending = Sending::new(stream, body).keeping(self.connection.settings.kept);
                Ok(Exchange {
                    response,
                    sending,
                    copy,
                    ended,
                    interim: 0,
                    lull: Lull::default(),
                    limit: self.connection.settings.response,
                })
            }
            Err(error) if error.is_go_away() || error.is_io() => {
                self.connection.close();
                let request = Box::new(copy.map(|()| body));
                Err(SendError::Unprocessed(request, refused().because(error)))
            }
            Err(error) => {
                let what = "the request cannot be sent over HTTP/2";
                let error = BackendError::new(BackendErrorKind::Request, what).because(error);
                Err(SendError::Failed(error))
            }
        }
    }
}

/// A request that was begun.
struct Exchange {
    response: ResponseFuture,
    sending: Sending,
    /// The request's head, once more.
    copy: Request<()>,
    /// It has no body.
    ended: bool,
    interim: usize,
    lull: Lull,
    /// How long it is waited for.
    limit: Duration,
}

enum NoResponse {
    Late,
    Stream(h2::Error),
    Final(BackendError),
}

impl Exchange {
    fn poll(
        &mut self,
        informer: Option<&Informer>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<RecvStream>, NoResponse>> {
        if !self.ended
            && let Poll::Ready(Err(Stopped::Body(error))) = self.sending.poll(cx)
        {
            self.sending.reset(Reason::CANCEL);
            let what = "the request body broke off";
            let error = BackendError::new(BackendErrorKind::Request, what).because(error);
            return Poll::Ready(Err(NoResponse::Final(error)));
        }
        while let Poll::Ready(Some(Ok(interim))) = self.response.poll_informational(cx) {
            self.interim += 1;
            if self.interim > limits::INTERIM_RESPONSES {
                let what = "the endpoint sends too many interim responses";
                return Poll::Ready(Err(NoResponse::Final(protocol(what))));
            }
            pass_on(interim, informer);
        }
        if let Poll::Ready(answered) = Pin::new(&mut self.response).poll(cx) {
            return Poll::Ready(answered.map_err(NoResponse::Stream));
        }
        let owed = match self.ended {
            true => Some(0),
            false => self.sending.owed(),
        };
        let late = self.lull.poll(self.limit, owed, cx);
        late.map(|()| Err(NoResponse::Late))
    }

    /// What an error of the stream means.
    fn failed(self, error: h2::Error, reserved: &Reserved) -> SendError {
        let refused_it = error.reason() == Some(Reason::REFUSED_STREAM);
        if error.is_library() && refused_it {
            let what = BadHead::TooLarge.of_response();
            return SendError::Failed(protocol(what).because(error));
        }
        if error.is_go_away() {
            reserved.connection.close();
        }
        let silent = self.interim == 0;
        let unprocessed =
            error.is_remote() && (error.is_go_away() || error.is_reset() && refused_it);
        if unprocessed {
            let error = refused().because(error);
            return match self.sending.again() {
                Some(body) if silent => {
                    SendError::Unprocessed(Box::new(self.copy.map(|()| body)), error)
                }
                _ => SendError::Failed(error),
            };
        }
        let what = match error.is_library() {
            true => {
                return SendError::Failed(
                    protocol("the endpoint's response is not HTTP/2").because(error),
                );
            }
            false => "the endpoint reset the stream or the connection before it answered",
        };
        let harmless = silent && self.ended && is_harmless(self.copy.method());
        let copy = harmless.then(|| Box::new(self.copy.map(|()| Body::empty())));
        let error = BackendError::new(BackendErrorKind::Broken, what).because(error);
        SendError::Unanswered(copy, error)
    }

    fn answer(self, response: Response<RecvStream>, counted: Box<dyn Send>) -> Response<Body> {
        let length = response.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let sending = (!self.ended).then_some(self.sending);
        response.map(|frames| match frames.is_end_stream() {
            true => Body::empty(),
            false => Body::answer(Answering::new(frames, length, sending, counted)),
        })
    }
}

/// The client asked for nothing, or is asked when its body is wanted.
fn pass_on(interim: Response<()>, informer: Option<&Informer>) {
    if let Some(informer) = informer
        && interim.status() != http::StatusCode::CONTINUE
    {
        let mut head = ResponseHead::from(&interim.into_parts().0);
        fit_interim(&mut head);
        informer.pass_on(Response::from_parts(head.to_parts(), ()));
    }
}

/// Moves the host from its header to `:authority` (RFC 9113 section 8.3.1), if that was not done before; the body
/// is sent unasked.
fn address(head: &mut Parts, body: &Body) -> Result<(), BackendError> {
    head.headers.remove(header::EXPECT);
    strip(&mut head.headers);
    let host = head.headers.remove(header::HOST);
    let mut parts = std::mem::take(&mut head.uri).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    if let Some(host) = host {
        parts.authority = Authority::try_from(host.as_bytes()).ok();
    }
    head.uri = Uri::from_parts(parts).map_err(|error| {
        BackendError::new(BackendErrorKind::Request, "the request has no usable host")
            .because(error)
    })?;
    head.version = Version::HTTP_2;
    say_length(head, body);
    Ok(())
}

/// RFC 9110 section 8.6: a request says how long its content is, where it may have some.
fn say_length(head: &mut Parts, body: &Body) {
    let may_have = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    let length = match body.is_empty() {
        true => may_have.then_some(0),
        false => body.size_hint().exact(),
    };
    if let Some(length) = length
        && !head.headers.contains_key(header::CONTENT_LENGTH)
    {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
}

fn copy(head: &Parts) -> Request<()> {
    let mut copy = Request::new(());
    copy.method_mut().clone_from(&head.method);
    copy.uri_mut().clone_from(&head.uri);
    *copy.version_mut() = head.version;
    copy.headers_mut().clone_from(&head.headers);
    copy
}

fn refused() -> BackendError {
    let what = "the endpoint did not take the request on";
    BackendError::new(BackendErrorKind::Refused, what)
}

fn protocol(what: &'static str) -> BackendError {
    BackendError::new(BackendErrorKind::Protocol, what)
}
