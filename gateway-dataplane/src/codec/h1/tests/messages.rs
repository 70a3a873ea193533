//! What the codec makes of a stream of bytes: the messages in it, and how it ends.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::poll_fn;
use http::Method;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::buffer::Buffer;
use super::super::compose::{keeps_alive, response_decoder};
use super::super::decode::{Decoder, Piece};
use super::super::server::Client;
use super::super::side::{NoHead, Side};
use super::super::{HeadLimits, Stream};
use crate::head::ResponseHead;

/// A message: its start line, and its body if it had an end.
pub(super) type Message = (String, Option<Vec<u8>>);

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// There was nothing more to read, or nothing more may follow.
    Quiet,
    /// What followed is no message.
    Refused,
}

pub(super) const LIMITS: HeadLimits = HeadLimits {
    bytes: 64 << 10,
    fields: 100,
};

/// Bytes that come in pieces; what is written to it is forgotten.
pub(super) struct Pieces {
    pieces: Vec<Vec<u8>>,
    /// Nothing comes before something was written; who waits for that.
    held: bool,
    reader: Option<Waker>,
}

impl Pieces {
    /// `bytes`, cut after each of `lengths` in turn.
    pub(super) fn new(bytes: &[u8], lengths: &[usize]) -> Self {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        let mut lengths = lengths.iter().cycle();
        while !rest.is_empty() {
            let length = lengths
                .next()
                .map_or(rest.len(), |length| (*length).clamp(1, rest.len()));
            pieces.push(rest[..length].to_vec());
            rest = &rest[length..];
        }
        pieces.reverse();
        Self {
            pieces,
            held: false,
            reader: None,
        }
    }

    /// The same once something was written.
    pub(super) fn when_asked(self) -> Self {
        Self { held: true, ..self }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.held {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if let Some(piece) = self.pieces.last_mut() {
            let count = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..count]);
            piece.drain(..count);
            if piece.is_empty() {
                self.pieces.pop();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.held = false;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The requests in `bytes`.
pub(super) async fn requests(bytes: &[u8], lengths: &[usize]) -> (Vec<Message>, End) {
    let stream = Stream::new(Pieces::new(bytes, lengths));
    let mut client = Client::new(Side::new(stream, Buffer::new()), LIMITS);
    let mut messages = Vec::new();
    loop {
        match poll_fn(|cx| client.poll_next(cx)).await {
            Ok(()) => {}
            Err(NoHead::Closed(..)) => return (messages, End::Quiet),
            Err(NoHead::Bad(_)) => return (messages, End::Refused),
        }
        if client.frame().is_err() {
            return (messages, End::Refused);
        }
        let line = format!("{} {}", client.head.method, client.head.target());
        let body = body(&mut client.side).await;
        let broken = body.is_none();
        messages.push((line, body));
        if broken || !client.keep_alive {
            return (messages, End::Quiet);
        }
    }
}

/// The response in `bytes` to a request of `method`, and whether another may follow.
pub(super) async fn response(
    method: &Method,
    bytes: &[u8],
    lengths: &[usize],
) -> Option<(Message, bool)> {
    let mut side = Side::new(Stream::new(Pieces::new(bytes, lengths)), Buffer::new());
    let mut head = ResponseHead::default();
    loop {
        poll_fn(|cx| side.poll_head(&mut head, LIMITS, cx))
            .await
            .ok()?;
        if !head.status.is_informational() {
            break;
        }
    }
    side.decoder = response_decoder(&mut head, method).ok()?;
    let lasts = !matches!(side.decoder, Decoder::UntilClose);
    let lasts = lasts && keeps_alive(&head.fields, head.version);
    let body = body(&mut side).await;
    Some(((head.status.as_str().to_owned(), body), lasts))
}

/// The body that `side` reads, and that its buffer stays small meanwhile.
async fn body(side: &mut Side) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    poll_fn(|cx| {
        loop {
            assert!(side.input.capacity() <= 256 << 10, "an unbounded buffer");
            match side.decoder.next(&mut side.input, side.eof) {
                Ok(Piece::Data(count)) => {
                    body.extend_from_slice(&side.input[..count]);
                    side.input.advance(count);
                    side.decoder.consume(count);
                }
                Ok(Piece::End) => return Poll::Ready(Some(())),
                Ok(Piece::More) => {
                    let filled = side.poll_fill(1 << 10, cx);
                    assert!(filled.is_ready(), "pieces are always there");
                }
                Err(_) => return Poll::Ready(None),
            }
        }
    })
    .await?;
    Some(body)
}
