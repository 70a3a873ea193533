//! What is left of a connection after its protocol was switched.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::codec::h1::Stream;
use crate::observe::{Counted, Observed};

/// The bytes of an upgraded connection: the [body](crate::Body) of a 101 response.
pub struct Tunnel {
    stream: Stream,
    /// What is kept for as long as it is open.
    held: Option<Box<dyn Send>>,
}

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Tunnel {
    /// A tunnel over `io`.
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self {
            stream: Stream::new(io),
            held: None,
        }
    }

    /// The same, by which something is held for as long as it is open.
    pub(crate) fn holding(self, held: impl Send + 'static) -> Self {
        let held: Option<Box<dyn Send>> = Some(Box::new(held));
        Self { held, ..self }
    }

    /// The same, with its bytes counted; the record ends with it.
    pub(crate) fn observed(self, observed: Observed) -> Self {
        Self::new(Counted::new(self, observed))
    }

    /// The stream, of which plain TCP is known as such, and what it holds.
    pub(crate) fn into_parts(self) -> (Stream, impl Send + use<>) {
        (self.stream, self.held)
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}
