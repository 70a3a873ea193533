//! Message bodies: one concrete type, so that passing one through costs no box.

mod counter;
mod deadline;
mod error;
mod foreign;
mod informer;
mod lull;
mod piped;
mod pulse;
mod replay;
mod stream;
mod tee;

pub(crate) use deadline::Deadline;
pub use error::BodyError;
pub(crate) use informer::Informer;
pub(crate) use lull::Lull;
pub(crate) use piped::{Feed, Wish};
pub(crate) use pulse::{Pulse, Silent};
pub(crate) use replay::{Buffered, Kept, buffer};
pub(crate) use stream::{Received, Rest, Stream};
pub(crate) use tee::{Bounds, Copies, tee};

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use self::counter::Counter;
use self::error::BoxError;
use self::foreign::Foreign;
use self::pulse::Felt;
use crate::backend::Tunnel;
use crate::codec::{h1, h2};
use crate::forward::headers::strip_trailers;
use crate::observe::Observed;

/// The body of a request or response: data and trailers, streamed; of a 101 response, the
/// [tunnel](Tunnel) that follows it.
///
/// Dropping a response body before its end gives up the exchange with the backend.
pub struct Body {
    inner: Inner,
    layers: Option<Box<Layers>>,
}

enum Inner {
    Empty,
    Full(Bytes),
    Incoming(Incoming),
    /// A request over HTTP/2.
    Stream(Received),
    /// A request over HTTP/1.
    Piped(piped::Reader),
    /// A response over HTTP/1.
    Exchange(Option<Box<h1::Exchange>>),
    /// A response over HTTP/2.
    Answer(Option<Box<h2::Answering>>),
    /// What follows a 101 response, which is no message.
    Tunnel(Tunnel),
    Boxed(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>),
}

/// What few bodies have, kept out of the way of the others.
#[derive(Default)]
struct Layers {
    deadline: Option<Deadline>,
    tee: Option<tee::Tee>,
    counter: Option<Counter>,
    felt: Option<Felt>,
}

impl Body {
    /// A body without a byte.
    pub const fn empty() -> Self {
        Self::of(Inner::Empty)
    }

    /// A body out of any stream of frames, at the cost of a box.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::of(Inner::Boxed(Box::pin(Foreign::new(body))))
    }

    const fn of(inner: Inner) -> Self {
        Self {
            inner,
            layers: None,
        }
    }

    /// A body of `length` bytes, if that is known, that a client sends over HTTP/2; with what will be left of it,
    /// unless it is empty.
    pub(crate) fn stream(
        stream: ::h2::RecvStream,
        length: Option<u64>,
    ) -> (Self, Option<Arc<Rest>>) {
        if stream.is_end_stream() {
            return (Self::empty(), None);
        }
        let rest = Arc::default();
        let received = Received::new(Stream::new(stream, length), &rest);
        (Self::of(Inner::Stream(received)), Some(rest))
    }

    /// A body of `length` bytes, if that is known, that is fed by somebody else.
    pub(crate) fn piped(length: Option<u64>) -> (Self, Feed) {
        let (reader, feed) = piped::piped(length);
        (Self::of(Inner::Piped(reader)), feed)
    }

    /// A response body that is read from an HTTP/1 connection to an upstream.
    pub(crate) fn exchange(exchange: Box<h1::Exchange>) -> Self {
        Self::of(Inner::Exchange(Some(exchange)))
    }

    /// A response body that is read from a stream of HTTP/2 to an upstream.
    pub(crate) fn answer(answering: h2::Answering) -> Self {
        Self::of(Inner::Answer(Some(Box::new(answering))))
    }

    /// Fails with [`BodyError::is_timeout`] when the end is not reached by `at`, which is `limit`
    /// after the start.
    pub(crate) fn cut_at(mut self, at: Instant, limit: Duration) -> Self {
        if !self.is_end_stream() {
            let deadline = &mut self.layers.get_or_insert_default().deadline;
            *deadline = Some(Deadline::earliest(deadline.take(), at, limit));
        }
        self
    }

    /// Counts the bytes of a request's body as they are read.
    pub(crate) fn counted(mut self, bytes: &Arc<AtomicU64>) -> Self {
        if !self.is_end_stream() {
            let counter = Counter::Request(Arc::clone(bytes));
            self.layers.get_or_insert_default().counter = Some(counter);
        }
        self
    }

    /// Tells of a response's body as it is read, until it has ended or is dropped.
    pub(crate) fn observed(mut self, observed: Observed) -> Self {
        if !self.is_end_stream() {
            let counter = Counter::Response(observed);
            self.layers.get_or_insert_default().counter = Some(counter);
        }
        self
    }

    /// Takes part in the pulse of its exchange.
    fn felt(mut self, felt: Felt) -> Self {
        if !self.is_end_stream() {
            self.layers.get_or_insert_default().felt = Some(felt);
        }
        self
    }

    /// The tunnel that follows a 101 response, once.
    pub(crate) fn take_tunnel(&mut self) -> Option<Tunnel> {
        match std::mem::replace(&mut self.inner, Inner::Empty) {
            Inner::Tunnel(tunnel) => Some(tunnel),
            other => {
                self.inner = other;
                None
            }
        }
    }

    /// Is there nothing to read?
    pub(crate) fn is_empty(&self) -> bool {
        self.is_end_stream()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.inner {
            Inner::Empty => "empty",
            Inner::Tunnel(_) => "tunnel",
            Inner::Full(_) => "full",
            Inner::Incoming(_) | Inner::Stream(_) | Inner::Piped(_) => "incoming",
            Inner::Exchange(_) | Inner::Answer(_) => "upstream",
            Inner::Boxed(_) => "boxed",
        };
        write!(f, "Body({kind})")
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        match bytes.is_empty() {
            true => Self::empty(),
            false => Self::of(Inner::Full(bytes)),
        }
    }
}

impl From<Tunnel> for Body {
    fn from(tunnel: Tunnel) -> Self {
        Self::of(Inner::Tunnel(tunnel))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        match incoming.is_end_stream() {
            true => Self::empty(),
            false => Self::of(Inner::Incoming(incoming)),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(layers) = &mut this.layers else {
            return this.inner.poll(cx);
        };
        if let Some(deadline) = &mut layers.deadline
            && let Poll::Ready(limit) = deadline.poll(cx)
        {
            return Poll::Ready(this.inner.break_off(layers, limit));
        }
        let frame = match this.inner.poll(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let felt = layers.felt.as_mut();
                let silent = felt.map_or(Poll::Pending, |felt| felt.poll_silent(cx));
                return silent.map(|limit| this.inner.break_off(layers, limit));
            }
        };
        if let Some(felt) = &layers.felt {
            felt.see(&frame, this.inner.is_end_stream());
        }
        Counter::see(&mut layers.counter, &frame, this.inner.is_end_stream());
        if let Some(tee) = &mut layers.tee {
            tee.see(&frame, this.inner.is_end_stream());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Empty | Inner::Tunnel(_) => SizeHint::with_exact(0),
            Inner::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Incoming(incoming) => incoming.size_hint(),
            Inner::Stream(stream) => stream.size_hint(),
            Inner::Piped(reader) => reader.size_hint(),
            Inner::Exchange(None) | Inner::Answer(None) => SizeHint::with_exact(0),
            Inner::Exchange(Some(exchange)) => exchange.size_hint(),
            Inner::Answer(Some(answer)) => answer.size_hint(),
            Inner::Boxed(body) => body.size_hint(),
        }
    }
}

pub(crate) type Item = Option<Result<Frame<Bytes>, BodyError>>;

impl Inner {
    /// Ends the body because `limit` was exceeded.
    fn break_off(&mut self, layers: &mut Layers, limit: Duration) -> Item {
        *self = Self::Empty;
        let late = Some(Err(BodyError::timeout(limit)));
        Counter::see(&mut layers.counter, &late, true);
        late
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty | Self::Tunnel(_) => true,
            Self::Full(_) => false,
            Self::Incoming(incoming) => incoming.is_end_stream(),
            Self::Stream(stream) => stream.is_end_stream(),
            Self::Piped(reader) => reader.is_end_stream(),
            Self::Exchange(exchange) => exchange.is_none(),
            Self::Answer(answer) => answer.is_none(),
            Self::Boxed(body) => body.is_end_stream(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        match self {
            Self::Empty | Self::Tunnel(_) => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Incoming(incoming) => {
                let frame = ready!(Pin::new(incoming).poll_frame(cx));
                Poll::Ready(frame.map(passed_on))
            }
            Self::Stream(stream) => stream.poll(cx),
            Self::Piped(reader) => reader.poll(cx),
            Self::Exchange(exchange) => poll_exchange(exchange, cx),
            Self::Answer(answer) => poll_answer(answer, cx),
            Self::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }
}

/// Reads a frame, and lets the connection go as soon as the last one was read.
fn poll_exchange(exchange: &mut Option<Box<h1::Exchange>>, cx: &mut Context<'_>) -> Poll<Item> {
    let Some(live) = exchange else {
        return Poll::Ready(None);
    };
    let mut frame = ready!(live.poll_frame(cx));
    match &mut frame {
        Some(Err(_)) => *exchange = None,
        Some(Ok(_)) if !live.is_read() => {}
        Some(Ok(_)) | None => {
            if let Some(ended) = exchange.take() {
                ended.finish();
            }
        }
    }
    if let Some(Ok(frame)) = &mut frame
        && let Some(trailers) = frame.trailers_mut()
    {
        strip_trailers(trailers);
    }
    Poll::Ready(frame)
}

/// Reads a frame, and lets the stream go as soon as the last one was read.
fn poll_answer(answer: &mut Option<Box<h2::Answering>>, cx: &mut Context<'_>) -> Poll<Item> {
    let Some(live) = answer else {
        return Poll::Ready(None);
    };
    let frame = ready!(live.poll_frame(cx));
    if !matches!(frame, Some(Ok(_))) || live.is_over() {
        *answer = None;
    }
    Poll::Ready(frame)
}

/// A frame as it may be sent on another connection.
fn passed_on<E>(frame: Result<Frame<Bytes>, E>) -> Result<Frame<Bytes>, BodyError>
where
    E: Into<BoxError>,
{
    let mut frame = frame.map_err(BodyError::new)?;
    if let Some(trailers) = frame.trailers_mut() {
        strip_trailers(trailers);
    }
    Ok(frame)
}

#[cfg(test)]
mod tests;
