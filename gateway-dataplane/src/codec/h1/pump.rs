//! Moves a body from one side to another.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::decode::{Malformed, Piece};
use super::encode::WrongLength;
use super::side::Side;
use super::splice::Pipe;
use crate::limits::fixed as limits;

/// A body on its way. Where nothing can be written, nothing is read.
#[derive(Default)]
pub(crate) struct Pump {
    /// Bytes at the front of the reading side's buffer whose framing was written.
    framed: usize,
    /// Bytes that go from socket to socket, past this process.
    pipe: Option<Pipe>,
    /// Bytes of the body that were moved.
    moved: u64,
    ended: bool,
}

/// Why a body did not arrive whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// It could not be read.
    #[error("the body broke off")]
    Read(#[source] io::Error),
    /// It is not framed as HTTP/1.1 says.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It could not be written.
    #[error("the body could not be written")]
    Write(#[source] io::Error),
    /// Its length is not what was promised.
    #[error(transparent)]
    Length(#[from] WrongLength),
}

/// What is copied behind a head, to be written with it.
const SHORT: usize = 4 << 10;
/// What is worth a splice: below, the calls cost more than the copy.
const SPLICED: u64 = 24 << 10;

impl Pump {
    /// Moves what can be moved; ready when the body has ended and was written.
    pub(crate) fn poll(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        loop {
            if self.framed > 0 {
                ready!(self.poll_write(from, to, cx)).map_err(Broken::Write)?;
                continue;
            }
            if self.pipe.is_some() {
                ready!(self.poll_splice(from, to, cx))?;
                continue;
            }
            if self.ended {
                return to.poll_flush(cx).map_err(Broken::Write);
            }
            match from.decoder.next(&mut from.input, from.eof)? {
                Piece::Data(count) => self.frame(count, from, to)?,
                Piece::End => {
                    let trailers = from.decoder.trailers().map(|trailers| *trailers);
                    to.finish_body(trailers)?;
                    self.ended = true;
                }
                Piece::More => {
                    ready!(to.poll_flush(cx)).map_err(Broken::Write)?;
                    self.pipe = worth_a_pipe(from, to);
                    if self.pipe.is_none() {
                        let long = from.decoder.run() > limits::BUFFER as u64;
                        let room = if long {
                            limits::LONG_BUFFER
                        } else {
                            limits::BUFFER
                        };
                        ready!(from.poll_fill(room, cx)).map_err(Broken::Read)?;
                    }
                }
            }
        }
    }

    /// Was everything moved?
    pub(crate) fn is_done(&self) -> bool {
        self.ended && self.framed == 0
    }

    /// How much of the body was moved, without framing?
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Writes the framing of what was read; little data goes along.
    fn frame(&mut self, count: usize, from: &mut Side, to: &mut Side) -> Result<(), WrongLength> {
        let mut encoder = to.encoder;
        encoder.begin(count, &mut to.output)?;
        to.encoder = encoder;
        if count > SHORT {
            self.framed = count;
            return Ok(());
        }
        to.output.put_slice(&from.input[..count]);
        encoder.end(&mut to.output);
        from.input.advance(count);
        from.decoder.consume(count);
        self.moved += count as u64;
        Ok(())
    }

    /// Writes framing and data at once, as much as the stream takes.
    fn poll_write(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let slices = [
            IoSlice::new(&to.output),
            IoSlice::new(&from.input[..self.framed]),
        ];
        let stream = Pin::new(&mut to.stream);
        let written = ready!(stream.poll_write_vectored(cx, &slices))?;
        to.wrote(written)?;
        let framing = written.min(to.output.len());
        let data = written - framing;
        to.output.advance(framing);
        from.input.advance(data);
        from.decoder.consume(data);
        self.moved += data as u64;
        self.framed -= data;
        if self.framed == 0 {
            let encoder = to.encoder;
            encoder.end(&mut to.output);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_splice(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        let (Some(pipe), Some(source), Some(sink)) =
            (&mut self.pipe, from.stream.tcp(), to.stream.tcp())
        else {
            return Poll::Ready(Ok(()));
        };
        if pipe.is_empty() {
            let left = from.decoder.left().unwrap_or(0);
            if left == 0 {
                self.pipe = None;
                return Poll::Ready(Ok(()));
            }
            let count = ready!(pipe.poll_fill(source, left, cx)).map_err(Broken::Read)?;
            if count == 0 {
                from.eof = true;
                return Poll::Ready(Err(Malformed::Eof.into()));
            }
            from.stream.read_some();
            from.decoder.consume(count);
            self.moved += count as u64;
            let mut encoder = to.encoder;
            encoder.begin(count, &mut to.output)?;
            to.encoder = encoder;
        } else {
            ready!(pipe.poll_empty(sink, cx)).map_err(Broken::Write)?;
            to.stream.wrote_some();
        }
        Poll::Ready(Ok(()))
    }
}

/// A pipe, where both sides are plain TCP, a long stretch of the body is to come, and its framing is the same
/// on both.
fn worth_a_pipe(from: &Side, to: &Side) -> Option<Pipe> {
    use super::encode::Encoder::{Length, UntilClose};
    let long = from.decoder.left().is_some_and(|left| left >= SPLICED);
    let plain = from.stream.tcp().is_some() && to.stream.tcp().is_some();
    let bare = matches!(to.encoder, Length(_) | UntilClose);
    match long && plain && bare && from.input.is_empty() && to.output.is_empty() {
        true => Pipe::take(),
        false => None,
    }
}
