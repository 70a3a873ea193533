//! Bytes that go both ways between two sides, until both have said all.
//!
//! They are copied through a buffer that is lent while there is something in it. Where both sides are plain TCP, long
//! stretches go past the process, through a pipe.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::side::Side;
use super::splice::Pipe;
use crate::limits::fixed as limits;

/// Passes bytes on between `a` and `b`: one that has closed its half still gets what the other sends. `moved` is told
/// how many have gone from `a` to `b`, and back, since it was last. Returns how many that were.
pub(crate) async fn relay(
    a: &mut Side,
    b: &mut Side,
    mut moved: impl FnMut(u64, u64),
) -> io::Result<(u64, u64)> {
    let (mut there, mut back) = (Flow::default(), Flow::default());
    poll_fn(|cx| {
        let before = (there.moved, back.moved);
        let done = (there.poll(a, b, cx), back.poll(b, a, cx));
        moved(there.moved - before.0, back.moved - before.1);
        match done {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => {
                Poll::Ready(Ok((there.moved, back.moved)))
            }
            _ => Poll::Pending,
        }
    })
    .await
}

/// One direction.
#[derive(Default)]
struct Flow {
    moved: u64,
    /// Bytes that came without a pause.
    streak: usize,
    pipe: Option<Pipe>,
    ended: bool,
}

/// What has to come without a pause for the rest to be worth a pipe.
const LONG: usize = 64 << 10;
/// What has to go through a pipe at once for it to be worth its calls.
const WORTHWHILE: usize = 8 << 10;

impl Flow {
    /// Moves what can be moved; ready when all was, and the way out is closed.
    fn poll(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.ended {
            if self.pipe.as_ref().is_some_and(|pipe| !pipe.is_empty()) {
                ready!(self.poll_splice(from, to, cx))?;
            } else if !from.input.is_empty() {
                ready!(self.poll_write(from, to, cx))?;
            } else if from.eof {
                ready!(to.poll_flush(cx))?;
                ready!(to.poll_shutdown(cx))?;
                self.ended = true;
                self.pipe = None;
                from.rest();
            } else if self.streak >= LONG && self.has_pipe(from, to) {
                ready!(self.poll_splice(from, to, cx))?;
            } else {
                ready!(self.poll_read(from, to, cx))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let written = ready!(Pin::new(&mut to.stream).poll_write(cx, &from.input))?;
        to.wrote(written)?;
        from.input.advance(written);
        self.moved += written as u64;
        Poll::Ready(Ok(()))
    }

    /// Reads once; before it waits for more, what was written is on its way.
    fn poll_read(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let room = match self.streak {
            0..limits::BUFFER => limits::BUFFER,
            _ => limits::LONG_BUFFER,
        };
        match from.poll_fill(room, cx) {
            Poll::Ready(count) => {
                self.streak += count?;
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                self.streak = 0;
                ready!(to.poll_flush(cx))?;
                Poll::Pending
            }
        }
    }

    /// Is there a pipe from socket to socket, or can one be had?
    fn has_pipe(&mut self, from: &Side, to: &Side) -> bool {
        let plain = from.stream.tcp().is_some() && to.stream.tcp().is_some();
        if self.pipe.is_none() && plain {
            self.pipe = Pipe::take();
        }
        if self.pipe.is_none() {
            self.streak = limits::BUFFER;
        }
        self.pipe.is_some()
    }

    /// Fills the pipe, or empties it. It is lent for as long as bytes keep coming.
    fn poll_splice(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let (Some(pipe), Some(source), Some(sink)) =
            (&mut self.pipe, from.stream.tcp(), to.stream.tcp())
        else {
            return Poll::Ready(Ok(()));
        };
        if !pipe.is_empty() {
            let before = pipe.held();
            ready!(pipe.poll_empty(sink, cx))?;
            self.moved += (before - pipe.held()) as u64;
            to.stream.wrote_some();
            return Poll::Ready(Ok(()));
        }
        match pipe.poll_fill(source, u64::MAX, cx) {
            Poll::Ready(count) => {
                let count = count?;
                from.eof = count == 0;
                if count < WORTHWHILE {
                    self.streak = 0;
                }
                from.stream.read_some();
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                self.pipe = None;
                Poll::Pending
            }
        }
    }
}
