//! What a backend has open, and how much that may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gateway_resolve::ir::BackendId;
use tokio::sync::Notify;
use tokio::time::timeout;

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
    /// Requests that are sent again.
    retries: AtomicUsize,
    /// Requests that wait for a connection.
    waiting: AtomicUsize,
    /// A connection is not needed any more.
    freed: Notify,
    refused: Paced,
}

/// When those who wait look again, if nobody tells them to.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How much may be open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) requests: usize,
    pub(super) connections: usize,
    /// Requests that wait for a connection where there are as many as may be.
    pub(super) waiting: usize,
    /// Requests that are sent again.
    pub(super) retries: usize,
}

impl Load {
    /// Of a backend that is counted in `total`.
    pub(super) fn new(total: Arc<Total>) -> Self {
        Self {
            total,
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            retries: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
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

    /// Counts a request that is sent again, if it is not one too many.
    pub(super) fn retry(&self, most: Most) -> Option<Counting<'_>> {
        let retrying = Counting::at(&self.retries);
        (retrying.before < most.retries).then_some(retrying)
    }

    /// Waits until a connection may not be needed any more; `false`: too many do already.
    pub(super) async fn wait(&self, most: Most) -> bool {
        let waiting = Counting::at(&self.waiting);
        let may = waiting.before < most.waiting;
        if may {
            // One may have been freed just before this was counted.
            _ = timeout(LOOK_AGAIN, self.freed.notified()).await;
        }
        may
    }

    /// A connection is not needed any more.
    pub(super) fn free(&self) {
        if self.waiting.load(Relaxed) > 0 {
            self.freed.notify_one();
        }
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

/// Something that is counted for as long as this lives.
pub(super) struct Counting<'l> {
    count: &'l AtomicUsize,
    before: usize,
}

impl<'l> Counting<'l> {
    fn at(count: &'l AtomicUsize) -> Self {
        let before = count.fetch_add(1, Relaxed);
        Self { count, before }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Relaxed);
    }
}

/// A connection that is counted for as long as this lives.
pub(super) struct Held(Arc<Load>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
        self.0.total.leave();
        self.0.free();
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
