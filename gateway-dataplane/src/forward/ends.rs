//! What ends an exchange before its time, and why there is no answer.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::BackendError;
use crate::body::Deadline;
use crate::observe::Ended;
use crate::server::{Order, Watch};

/// What may end an exchange before its time.
pub(super) struct Ends<'w> {
    pub(super) watch: Option<&'w Watch>,
    /// When it has to be over, and the limit that says so.
    pub(super) deadline: Option<Deadline>,
    /// How long a backend that does nothing is waited for.
    pub(super) response_head: Duration,
}

/// What ended it.
pub(super) enum End {
    /// The connection has to close.
    Stopped,
    /// It took longer than this.
    Late(Duration),
}

impl Ends<'_> {
    /// Has a backend taken too long to begin its answer, and nobody done anything meanwhile?
    pub(super) fn late(&self) -> Option<End> {
        let is_late = self.watch.is_some_and(Watch::is_late);
        is_late.then_some(End::Late(self.response_head))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self
            .watch
            .is_some_and(|watch| watch.poll_order(cx) == Order::Stop)
        {
            return Poll::Ready(End::Stopped);
        }
        match &mut self.deadline {
            Some(deadline) => deadline.poll(cx).map(End::Late),
            None => Poll::Pending,
        }
    }
}

impl From<End> for NoAnswer {
    fn from(end: End) -> Self {
        match end {
            End::Stopped => Self::Gone,
            End::Late(limit) => Self::Final(BackendError::late(limit)),
        }
    }
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        match end {
            End::Stopped => Self::ClientGone,
            End::Late(_) => Self::TimedOut,
        }
    }
}

/// Why an endpoint gave no response.
pub(super) enum NoAnswer {
    /// The connection broke without a byte of it.
    Silent(BackendError),
    /// Asking again will not help.
    Final(BackendError),
    /// The client left, or has to.
    Gone,
}

impl From<io::Error> for NoAnswer {
    /// Nothing can be written to the client.
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}
