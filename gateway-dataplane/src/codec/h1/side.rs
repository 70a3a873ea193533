//! One end of an exchange.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::Buffer;
use super::decode::Decoder;
use super::encode::{Encoder, WrongLength};
use super::parse::{BadHead, HeadLimits, Parse, may_be_whole};
use super::stream::Stream;
use crate::forward::headers::strip_trailers;
use crate::limits::fixed as limits;

/// A stream, and what is on its way in and out.
pub(crate) struct Side {
    pub(crate) stream: Stream,
    /// What was read and not yet used. Without a byte in it, it is lent by the worker while it is needed.
    pub(crate) input: Buffer,
    /// What is to be written before anything else.
    pub(crate) output: Buffer,
    /// How the body that comes is framed.
    pub(crate) decoder: Decoder,
    /// How the body that goes is framed.
    pub(crate) encoder: Encoder,
    /// The trailers that the other side was told of (`Trailer`), if it takes any.
    pub(crate) announced: Option<Box<str>>,
    /// Nothing more comes.
    pub(crate) eof: bool,
    /// How much was written.
    pub(crate) written: u64,
    /// Something was written since this was last set to false.
    pub(crate) touched: bool,
    /// The stream holds bytes that were written to it.
    unflushed: bool,
    /// How much of `input` was found not to be a whole head.
    seen: usize,
    /// The last look found nothing to read, and nothing was written since: something has likely come.
    waits: bool,
}

/// Why there is no head.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoHead {
    /// The stream ended, or broke; `true`: within a head.
    #[error("the connection was closed")]
    Closed(bool, #[source] Option<io::Error>),
    /// Its bytes are none.
    #[error(transparent)]
    Bad(BadHead),
}

/// Room that makes a read worth its call.
const WORTHWHILE: usize = 1 << 10;

impl Side {
    /// A side over `stream`, of which `ahead` was read already.
    pub(crate) fn new(stream: Stream, ahead: Buffer) -> Self {
        Self {
            stream,
            input: ahead,
            output: Buffer::new(),
            decoder: Decoder::Done,
            encoder: Encoder::None,
            announced: None,
            eof: false,
            written: 0,
            touched: false,
            unflushed: false,
            seen: 0,
            waits: false,
        }
    }

    /// Reads once, into a buffer with room for some `room` bytes; 0: nothing more comes.
    pub(crate) fn poll_fill(
        &mut self,
        room: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        // Where there is nothing to read, no buffer is borrowed to find that out.
        if self.input.is_empty() && !self.waits && self.stream.is_dry(cx) {
            self.waits = true;
            self.rest();
            return Poll::Pending;
        }
        self.input.grow_empty(room);
        let mut into = ReadBuf::new(self.input.room(WORTHWHILE));
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut into);
        let count = into.filled().len();
        self.waits = read.is_pending();
        match read {
            Poll::Pending => {
                self.rest();
                Poll::Pending
            }
            Poll::Ready(read) => {
                self.input.filled(count);
                self.eof = count == 0;
                Poll::Ready(read.map(|()| count))
            }
        }
    }

    /// Gives the buffers back that hold nothing.
    pub(crate) fn rest(&mut self) {
        self.input.rest();
        self.output.rest();
    }

    /// Puts down the end of the body that goes, with those of its trailers that may go along: fields that
    /// were announced and that are no business of another part of a message.
    pub(crate) fn finish_body(&mut self, trailers: Option<HeaderMap>) -> Result<(), WrongLength> {
        let announced = self.announced.take();
        let trailers = trailers.zip(announced).map(|(mut trailers, announced)| {
            strip_trailers(&mut trailers);
            let told = |name: &HeaderName| {
                let mut names = announced.split(',').map(str::trim);
                names.any(|announced| announced.eq_ignore_ascii_case(name.as_str()))
            };
            let sent = trailers.iter().filter(|(name, _)| told(name));
            sent.map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        });
        let mut encoder = std::mem::take(&mut self.encoder);
        encoder.finish(trailers.as_ref(), &mut self.output)
    }

    /// Writes what is to be written.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.output))?;
            self.wrote(written)?;
            self.output.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn wrote(&mut self, count: usize) -> io::Result<()> {
        self.unflushed = self.stream.tcp().is_none();
        (self.touched, self.waits) = (true, false);
        self.written += count as u64;
        match count {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    /// Reads a head.
    pub(crate) fn poll_head<H: Parse>(
        &mut self,
        head: &mut H,
        limits: HeadLimits,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), NoHead>> {
        loop {
            let length = self.input.len();
            let look = length > self.seen
                && (self.seen == 0
                    || length >= limits.bytes
                    || may_be_whole(&self.input, self.seen));
            if look {
                match head.parse(&self.input, limits).map_err(NoHead::Bad)? {
                    Some(whole) if whole > limits.bytes => {
                        return Poll::Ready(Err(NoHead::Bad(BadHead::TooLarge)));
                    }
                    Some(whole) => {
                        self.seen = 0;
                        self.input.advance(whole);
                        return Poll::Ready(Ok(()));
                    }
                    None if length >= limits.bytes => {
                        return Poll::Ready(Err(NoHead::Bad(BadHead::TooLarge)));
                    }
                    None => {}
                }
            }
            self.seen = length;
            let filled = ready!(self.poll_fill(limits::BUFFER, cx));
            match filled {
                Ok(0) => return Poll::Ready(Err(NoHead::Closed(length > 0, None))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(NoHead::Closed(length > 0, Some(error)))),
            }
        }
    }

    /// Closes the way out.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Is nothing on its way, in or out?
    pub(crate) fn is_quiet(&self) -> bool {
        self.input.is_empty() && self.output.is_empty() && !self.eof && !self.unflushed
    }
}
