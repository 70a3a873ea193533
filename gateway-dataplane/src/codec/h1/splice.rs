//! From socket to socket past this process, through a pipe (`splice(2)`).

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use crate::limits::fixed as limits;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// A pipe of the worker, and what is in it.
pub(crate) struct Pipe {
    ends: Option<(OwnedFd, OwnedFd)>,
    held: usize,
}

thread_local! {
    static OPEN: Cell<usize> = const { Cell::new(0) };
    static IDLE: RefCell<Vec<(OwnedFd, OwnedFd)>> = const { RefCell::new(Vec::new()) };
}

impl Pipe {
    /// An empty pipe; `None`: there are too many, or the system gives none.
    pub(super) fn take() -> Option<Self> {
        let ends = IDLE.with_borrow_mut(Vec::pop).or_else(open)?;
        Some(Self {
            ends: Some(ends),
            held: 0,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// How many bytes are in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Fills it with up to `most` bytes of what `source` has; 0: nothing more comes.
    pub(super) fn poll_fill(
        &mut self,
        source: &TcpStream,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Some((_, write)) = &self.ends else {
            return Poll::Ready(Ok(0));
        };
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(limits::PIPE);
        loop {
            ready!(source.poll_read_ready(cx))?;
            let moved = source.try_io(Interest::READABLE, || {
                Ok(splice(source, None, write, None, most, FLAGS)?)
            });
            match moved {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    self.held = count;
                    return Poll::Ready(Ok(count));
                }
            }
        }
    }

    /// Empties some of it into `sink`.
    pub(super) fn poll_empty(
        &mut self,
        sink: &TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Some((read, _)) = &self.ends else {
            return Poll::Ready(Ok(()));
        };
        loop {
            ready!(sink.poll_write_ready(cx))?;
            let moved = sink.try_io(Interest::WRITABLE, || {
                Ok(splice(read, None, sink, None, self.held, FLAGS)?)
            });
            match moved {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    self.held -= count;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

const FLAGS: SpliceFlags = SpliceFlags::NONBLOCK.union(SpliceFlags::MOVE);

fn open() -> Option<(OwnedFd, OwnedFd)> {
    if OPEN.get() >= limits::PIPES {
        return None;
    }
    let ends = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
    OPEN.set(OPEN.get() + 1);
    Some(ends)
}

impl Drop for Pipe {
    /// One that still holds bytes of an exchange is closed, and them with it.
    fn drop(&mut self) {
        let Some(ends) = self.ends.take() else {
            return;
        };
        let kept = self.held == 0
            && IDLE.try_with(|idle| {
                let mut idle = idle.borrow_mut();
                if idle.len() < limits::PIPES_KEPT {
                    idle.push(ends);
                    return true;
                }
                false
            }) == Ok(true);
        if !kept {
            let _thread_ends = OPEN.try_with(|open| open.set(open.get().saturating_sub(1)));
        }
    }
}
