//! An exchange with an endpoint whose bodies are streams of frames: the client's state machine.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use http::{Method, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::compose::{Size, fit_interim, keeps_alive, response_decoder, write_request};
use super::decode::{Decoder, Malformed, Piece};
use super::encode::WrongLength;
use super::failed::{Broke, Failed, NoResponse};
use super::lease::Lease;
use super::parse::HeadLimits;
use super::side::{NoHead, Side};
use super::switched::Switched;
use crate::Body;
use crate::backend::Tunnel;
use crate::body::{BodyError, Informer, Lull};
use crate::head::{Fields, Known, RequestHead, ResponseHead};
use crate::limits::fixed as limits;

/// One exchange on a leased connection.
pub(crate) struct Exchange {
    lease: Lease,
    /// The body of the request, until it was sent whole.
    sending: Option<Box<Sending>>,
    /// The connection can carry another exchange.
    reusable: bool,
}

struct Sending {
    body: Body,
    /// Some of it was taken.
    begun: bool,
    /// The endpoint has not asked for the body yet (RFC 9110 section 10.1.1).
    held_for: Option<Pin<Box<Sleep>>>,
}

/// Why a body cannot be sent on.
enum Unsent {
    Body(BodyError),
    Stream(io::Error),
    Length(WrongLength),
}

/// Bytes that are collected before they are written.
const GATHERED: usize = 4 << 10;

/// What an endpoint is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// How long a request's body waits for it to ask for that.
    pub(crate) patience: Duration,
    /// How long the head of a response may take while nothing is taken of the request.
    pub(crate) response: Duration,
    /// What the head of a response may take.
    pub(crate) head: HeadLimits,
}

/// Sends a request and waits for the head of the response. The body of one with `Expect` is held back until
/// the endpoint asks for it, for as long as `allowed`. The body of a 101 is empty, and the exchange is with it.
pub(crate) async fn send(
    lease: Lease,
    head: &mut RequestHead,
    body: Body,
    allowed: Allowance,
    informer: Option<&Informer>,
) -> Result<(ResponseHead, Answered), Failed> {
    let mut exchange = Exchange {
        lease,
        sending: None,
        reusable: false,
    };
    exchange.begin(head, body, allowed.patience);
    let mut wait = Wait::new(allowed);
    match poll_fn(|cx| exchange.poll_response(&head.method, &mut wait, informer, cx)).await {
        Ok(head) => {
            let answered = exchange.answered(&head);
            Ok((head, answered))
        }
        Err(Failed::NotSent(_)) => {
            let body = exchange.sending.map(|sending| sending.body);
            Err(Failed::NotSent(body.unwrap_or_default()))
        }
        Err(failed) => Err(failed),
    }
}

/// What follows the head of a response.
pub(crate) enum Answered {
    /// A body.
    Body(Body),
    /// Another protocol (101).
    Switched(Tunnel),
}

/// What is known while a response is waited for.
struct Wait {
    /// The stream takes no more.
    broken: Option<io::Error>,
    interim: usize,
    head: ResponseHead,
    allowed: Allowance,
    lull: Lull,
}

impl Wait {
    fn new(allowed: Allowance) -> Self {
        Self {
            broken: None,
            interim: 0,
            head: ResponseHead::default(),
            allowed,
            lull: Lull::default(),
        }
    }
}

impl Exchange {
    pub(super) fn side(&mut self) -> Option<&mut Side> {
        self.lease.side()
    }

    /// Puts the head down.
    fn begin(&mut self, head: &mut RequestHead, body: Body, patience: Duration) {
        let size = match (body.is_end_stream(), body.size_hint().exact()) {
            (true, _) => Size::Empty,
            (false, Some(length)) => Size::Exact(length),
            (false, None) => said_length(&head.fields).map_or(Size::Unknown, Size::Exact),
        };
        let expects = head.fields.contains(Known::Expect);
        if let Some(side) = self.lease.side() {
            side.touched = false;
            side.announced = announced(&head.fields);
            side.encoder = write_request(head, size, &mut side.output);
        }
        if size != Size::Empty {
            let held_for = expects.then(|| Box::pin(sleep(patience)));
            self.sending = Some(Box::new(Sending {
                body,
                begun: false,
                held_for,
            }));
        }
    }

    fn poll_response(
        &mut self,
        method: &Method,
        wait: &mut Wait,
        informer: Option<&Informer>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Failed>> {
        if wait.broken.is_none() {
            self.poll_request(wait, cx)?;
        }
        loop {
            let Some(side) = self.lease.side() else {
                return Poll::Ready(Err(unanswered(None)));
            };
            let before = wait.interim;
            let Poll::Ready(head) = side.poll_head(&mut wait.head, wait.allowed.head, cx) else {
                let (limit, written) = (wait.allowed.response, side.written);
                let owes = self.sending.is_none() || !side.output.is_empty();
                let late = wait.lull.poll(limit, owes.then_some(written), cx);
                return late.map(|()| Err(Failed::Late(limit)));
            };
            match head {
                Ok(()) if is_interim(wait.head.status) => {
                    wait.interim += 1;
                    if wait.interim > limits::INTERIM_RESPONSES {
                        return Poll::Ready(Err(Failed::Protocol(NoResponse::Interim)));
                    }
                    if wait.head.status == StatusCode::CONTINUE {
                        self.unhold();
                        self.poll_request(wait, cx)?;
                    } else if let Some(informer) = informer {
                        fit_interim(&mut wait.head);
                        informer.pass_on(Response::from_parts(wait.head.to_parts(), ()));
                    }
                }
                Ok(()) => {
                    let framed = self.frame(method, &mut wait.head);
                    return Poll::Ready(framed.map(|()| std::mem::take(&mut wait.head)));
                }
                Err(NoHead::Closed(false, error)) if before == 0 => {
                    let begun = |sending: &Sending| sending.begun;
                    let touched = side.touched || self.sending.as_deref().is_some_and(begun);
                    return Poll::Ready(Err(match touched {
                        true => unanswered(wait.broken.take().or(error)),
                        false => Failed::NotSent(Body::empty()),
                    }));
                }
                Err(no_head) => {
                    return Poll::Ready(Err(Failed::Protocol(NoResponse::Head(no_head))));
                }
            }
        }
    }

    /// Sends on; what the stream does not take any more is noted, since a response may have come before.
    fn poll_request(&mut self, wait: &mut Wait, cx: &mut Context<'_>) -> Result<(), Failed> {
        match self.poll_send(cx) {
            Poll::Ready(Err(Unsent::Body(error))) => return Err(Failed::Request(error)),
            Poll::Ready(Err(Unsent::Length(error))) => {
                return Err(Failed::Request(BodyError::new(error)));
            }
            Poll::Ready(Err(Unsent::Stream(error))) => wait.broken = Some(error),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }

    fn unhold(&mut self) {
        if let Some(sending) = &mut self.sending {
            sending.held_for = None;
        }
    }

    /// Ready when the whole request was written.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        let Some(side) = self.lease.side() else {
            return Poll::Ready(Ok(()));
        };
        loop {
            let Some(sending) = &mut self.sending else {
                return side.poll_flush(cx).map_err(Unsent::Stream);
            };
            if let Some(patience) = &mut sending.held_for {
                if side.poll_flush(cx).map_err(Unsent::Stream)?.is_pending() {
                    return Poll::Pending;
                }
                ready!(patience.as_mut().poll(cx));
                sending.held_for = None;
            }
            if side.output.len() > GATHERED {
                ready!(side.poll_flush(cx)).map_err(Unsent::Stream)?;
            }
            sending.begun = true;
            match Pin::new(&mut sending.body).poll_frame(cx) {
                Poll::Pending => {
                    ready!(side.poll_flush(cx)).map_err(Unsent::Stream)?;
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => {
                    if write_frame(side, frame).map_err(Unsent::Length)? {
                        self.sending = None;
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Unsent::Body(error))),
                Poll::Ready(None) => {
                    side.finish_body(None).map_err(Unsent::Length)?;
                    self.sending = None;
                }
            }
        }
    }

    /// Finds out how the body is framed, and whether the connection lasts.
    fn frame(&mut self, method: &Method, head: &mut ResponseHead) -> Result<(), Failed> {
        let decoder = response_decoder(head, method)
            .map_err(|error| Failed::Protocol(NoResponse::Framing(error)))?;
        let until_close = matches!(decoder, Decoder::UntilClose);
        self.reusable = !until_close && keeps_alive(&head.fields, head.version);
        if let Some(side) = self.side() {
            side.decoder = decoder;
            // What is known to be no body makes no response.
            if let Err(error) = side.decoder.next(&mut side.input, false) {
                return Err(Failed::Protocol(NoResponse::Body(error)));
            }
        }
        Ok(())
    }

    fn answered(self, head: &ResponseHead) -> Answered {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Answered::Switched(Tunnel::new(Switched(self)));
        }
        Answered::Body(match self.is_read() {
            true => {
                self.finish();
                Body::empty()
            }
            false => Body::exchange(Box::new(self)),
        })
    }

    /// Reads a frame of the response.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.sending.is_some() {
            match self.poll_send(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(Unsent::Body(error))) => return Poll::Ready(Some(Err(error))),
                // The endpoint does not want the rest.
                Poll::Ready(Err(_)) => {
                    self.sending = None;
                    self.reusable = false;
                }
            }
        }
        let Some(side) = self.lease.side() else {
            return Poll::Ready(None);
        };
        loop {
            match side.decoder.next(&mut side.input, side.eof) {
                Ok(Piece::Data(count)) => {
                    side.decoder.consume(count);
                    let data = Bytes::copy_from_slice(&side.input[..count]);
                    side.input.advance(count);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(Piece::End) => {
                    let trailers = side.decoder.trailers();
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(*trailers))));
                }
                Ok(Piece::More) => {
                    if let Err(error) = ready!(side.poll_fill(limits::BUFFER, cx)) {
                        return Poll::Ready(Some(Err(BodyError::new(error))));
                    }
                }
                Err(error) => return Poll::Ready(Some(Err(broken(error)))),
            }
        }
    }

    /// Was the response read to its end, but for trailers?
    pub(crate) fn is_read(&self) -> bool {
        self.lease.peek().is_none_or(|side| side.decoder.is_done())
    }

    /// What is left of the response.
    pub(crate) fn size_hint(&self) -> SizeHint {
        let left = self.lease.peek().and_then(|side| side.decoder.left());
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    /// The response was read: the connection is free, if the request was sent.
    pub(crate) fn finish(self) {
        if self.reusable && self.sending.is_none() {
            self.lease.finish();
        }
    }
}

/// True: it was the last.
pub(crate) fn write_frame(side: &mut Side, frame: Frame<Bytes>) -> Result<bool, WrongLength> {
    match frame.into_data() {
        Ok(data) if data.is_empty() => Ok(false),
        Ok(data) => {
            let mut encoder = side.encoder;
            encoder.begin(data.len(), &mut side.output)?;
            side.output.put_slice(&data);
            encoder.end(&mut side.output);
            side.encoder = encoder;
            Ok(false)
        }
        Err(frame) => {
            side.finish_body(frame.into_trailers().ok())?;
            Ok(true)
        }
    }
}

fn said_length(fields: &Fields) -> Option<u64> {
    fields.text(Known::ContentLength)?.parse().ok()
}

/// What `Trailer` says.
pub(crate) fn announced(fields: &Fields) -> Option<Box<str>> {
    if !fields.contains(Known::Trailer) {
        return None;
    }
    let lines = fields
        .get_all(Known::Trailer)
        .filter_map(|line| str::from_utf8(line).ok());
    Some(lines.collect::<Vec<_>>().join(",").into())
}

fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

fn unanswered(error: Option<io::Error>) -> Failed {
    Failed::Unanswered(Broke(error))
}

fn broken(error: Malformed) -> BodyError {
    BodyError::new(error)
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}
