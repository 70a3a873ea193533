//! Counts the bytes of a tunnel.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Who counts.
pub(crate) trait Count: Send + Unpin {
    /// So many bytes came from the client and were sent to it.
    fn count(&mut self, received: u64, sent: u64);

    /// One side has said all.
    fn over(&mut self);
}

impl<C: Count> Count for &mut C {
    fn count(&mut self, received: u64, sent: u64) {
        C::count(self, received, sent);
    }

    fn over(&mut self) {
        C::over(self);
    }
}

/// The backend's end of a tunnel, whose bytes are counted.
pub(crate) struct Counted<T, C> {
    io: T,
    count: C,
}

impl<T, C> Counted<T, C> {
    pub(crate) fn new(io: T, count: C) -> Self {
        Self { io, count }
    }
}

impl<T: AsyncRead + Unpin, C: Count> AsyncRead for Counted<T, C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        match buf.filled().len() - before {
            0 => self.count.over(),
            count => self.count.count(0, count as u64),
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin, C: Count> AsyncWrite for Counted<T, C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.count.count(written as u64, 0);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.count.over();
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
