//! What a backend has open, and how much that may be.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use gateway_resolve::ir::BackendId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Usage;
use super::total::Total;
use crate::backend::{BackendError, BackendErrorKind};
use crate::paced::Paced;

/// Requests and connections of one backend, over all its endpoints and workers.
#[derive(Debug)]
pub(super) struct Load {
    total: Arc<Total>,
    requests: AtomicUsize,
    connections: AtomicUsize,
    sessions: AtomicUsize,
    refused: Paced,
}

/// How much may be open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) requests: usize,
    pub(super) connections: usize,
}

impl Load {
    /// Of a backend that is counted in `total`.
    pub(super) fn new(total: Arc<Total>) -> Self {
        Self {
            total,
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            refused: Paced::new(),
        }
    }

    /// What is open now.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            requests: self.requests.load(Relaxed),
            connections: self.connections.load(Relaxed),
        }
    }

    /// Counts a request, if it is not one too many.
    pub(super) fn enter(&self, most: Most) -> Option<Entered<'_>> {
        let open = self.requests.fetch_add(1, Relaxed);
        let entered = Entered(self);
        (open < most.requests).then_some(entered)
    }

    /// A request that was [kept](Entered::keep) is over.
    pub(super) fn leave(&self) {
        self.requests.fetch_sub(1, Relaxed);
    }

    /// Counts a connection, if it is not one too many.
    pub(super) fn hold(self: &Arc<Self>, most: Most) -> Option<Held> {
        let open = self.connections.fetch_add(1, Relaxed);
        let left = self.total.enter();
        let held = Held(Arc::clone(self));
        (open < most.connections.min(left)).then_some(held)
    }

    /// Counts a session of UDP, if it is not one too many.
    pub(super) fn hold_session(self: &Arc<Self>) -> Option<Session> {
        let open = self.sessions.fetch_add(1, Relaxed);
        let left = self.total.enter();
        let session = Session(Arc::clone(self));
        (open < left).then_some(session)
    }

    /// Too much is open.
    pub(super) fn full(&self, backend: &BackendId, what: &'static str) -> BackendError {
        if let Some(more) = self.refused.pass() {
            tracing::warn!(%backend, more, "a request was refused: the backend has too many {what}");
        }
        let what = format!("{backend} has too many {what}");
        BackendError::new(BackendErrorKind::Full, what)
    }
}

/// A request that is counted.
pub(super) struct Entered<'l>(&'l Load);

impl Entered<'_> {
    /// Counts on, until somebody [leaves](Load::leave) for it.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A connection that is counted for as long as this lives.
pub(super) struct Held(Arc<Load>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
        self.0.total.leave();
    }
}

/// A session that is counted for as long as this lives.
pub(super) struct Session(Arc<Load>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Relaxed);
        self.0.total.leave();
    }
}

impl Held {
    /// `stream`, which is counted for as long as it lives.
    pub(super) fn with<S>(self, stream: S) -> Counted<S> {
        Counted {
            stream,
            _held: self,
        }
    }
}

/// A stream that is counted.
pub(super) struct Counted<S> {
    stream: S,
    _held: Held,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
