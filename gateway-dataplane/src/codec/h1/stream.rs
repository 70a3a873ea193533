//! Streams of bytes that HTTP/1 is spoken on.

use std::any::Any;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::server::Watch;

/// A stream, and who is told when bytes move.
pub(crate) struct Stream {
    io: Io,
    watch: Option<Arc<Watch>>,
}

enum Io {
    Tcp(TcpStream),
    Other(Box<dyn Other>),
}

trait Other: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Other for T {}

impl Stream {
    /// Any stream; plain TCP is known as such.
    pub(crate) fn new<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Self {
        let mut stream = Some(stream);
        let any: &mut dyn Any = &mut stream;
        let tcp = any.downcast_mut::<Option<TcpStream>>();
        let io = match (tcp.and_then(Option::take), stream) {
            (Some(tcp), _) => Io::Tcp(tcp),
            (None, Some(stream)) => Io::Other(Box::new(stream)),
            (None, None) => unreachable!("a stream is taken once"),
        };
        Self { io, watch: None }
    }

    /// The same, watched over.
    pub(crate) fn watched(self, watch: Arc<Watch>) -> Self {
        let watch = Some(watch);
        Self { watch, ..self }
    }

    /// The socket, where nothing stands between it and HTTP.
    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match &self.io {
            Io::Tcp(stream) => Some(stream),
            Io::Other(_) => None,
        }
    }

    /// Has nothing come, as far as is known? Then the task is woken when something does.
    pub(crate) fn is_dry(&self, cx: &mut Context<'_>) -> bool {
        self.tcp()
            .is_some_and(|stream| stream.poll_read_ready(cx).is_pending())
    }

    /// Bytes came.
    pub(crate) fn read_some(&self) {
        if let Some(watch) = &self.watch {
            watch.read_some();
        }
    }

    /// Bytes went.
    pub(crate) fn wrote_some(&self) {
        if let Some(watch) = &self.watch {
            watch.wrote_some();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Io::Other(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            self.read_some();
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Io::Other(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        if written.is_ready() {
            self.wrote_some();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Io::Other(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        if written.is_ready() {
            self.wrote_some();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Tcp(stream) => stream.is_write_vectored(),
            Io::Other(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Io::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
