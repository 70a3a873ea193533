//! A body on its way out on one stream of HTTP/2.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body as _;

use crate::Body;
use crate::body::{BodyError, Kept};

/// A body, of which no more is read than the peer's window takes.
pub(crate) struct Sending {
    stream: SendStream<Bytes>,
    body: Body,
    waiting: Option<Bytes>,
    /// What was read, as long as it may have to be sent again.
    kept: Option<Kept>,
    ended: bool,
    sent: u64,
}

/// Why a body was not sent whole.
pub(crate) enum Stopped {
    Body(BodyError),
    Stream(h2::Error),
}

impl From<h2::Error> for Stopped {
    fn from(error: h2::Error) -> Self {
        Self::Stream(error)
    }
}

impl Sending {
    pub(crate) fn new(stream: SendStream<Bytes>, body: Body) -> Self {
        Self {
            stream,
            body,
            waiting: None,
            kept: None,
            ended: false,
            sent: 0,
        }
    }

    /// The same, of which up to `limit` bytes are kept.
    pub(crate) fn keeping(self, limit: usize) -> Self {
        let kept = Some(Kept::new(limit));
        Self { kept, ..self }
    }

    /// Ready when nothing is left to be sent, or the peer wants no more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        if !self.ended {
            let sent = ready!(self.poll_send(cx));
            self.ended = true;
            sent?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        loop {
            if let Some(data) = self.waiting.take() {
                match self.poll_data(data, cx) {
                    Poll::Ready(Ok(false)) => continue,
                    Poll::Ready(Ok(true)) => return Poll::Ready(Ok(())),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                    Poll::Pending => return Poll::Pending,
                }
            }
            if let Poll::Ready(reset) = self.stream.poll_reset(cx) {
                reset?;
                return Poll::Ready(Ok(()));
            }
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                self.stream.send_data(Bytes::new(), true)?;
                return Poll::Ready(Ok(()));
            };
            let frame = frame.map_err(Stopped::Body)?;
            if let Some(kept) = &mut self.kept
                && !kept.keep(&frame)
            {
                self.kept = None;
            }
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => self.waiting = Some(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    self.stream.send_trailers(trailers)?;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Sends as much of `data` as the window takes. True: there is nothing more to send.
    fn poll_data(
        &mut self,
        mut data: Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, h2::Error>> {
        self.stream.reserve_capacity(data.len());
        if self.stream.capacity() == 0 {
            let capacity = self.stream.poll_capacity(cx);
            self.waiting = Some(data);
            return match ready!(capacity) {
                Some(capacity) => Poll::Ready(capacity.map(|_| false)),
                None => Poll::Ready(Ok(true)),
            };
        }
        let piece = data.split_to(self.stream.capacity().min(data.len()));
        self.waiting = (!data.is_empty()).then_some(data);
        self.sent += piece.len() as u64;
        let last = self.waiting.is_none() && self.body.is_end_stream();
        self.stream.send_data(piece, last)?;
        Poll::Ready(Ok(last))
    }

    /// How much was sent, if the peer owes something: it takes no more, or has all.
    pub(crate) fn owed(&self) -> Option<u64> {
        (self.ended || self.waiting.is_some()).then_some(self.sent)
    }

    pub(crate) fn reset(&mut self, reason: Reason) {
        self.stream.send_reset(reason);
    }

    /// The whole body once more, if all that was read of it was kept.
    pub(crate) fn again(self) -> Option<Body> {
        Some(self.kept?.before(self.body))
    }
}
