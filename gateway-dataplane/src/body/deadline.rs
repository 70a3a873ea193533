//! The time by which a body has to end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

pub(crate) struct Deadline {
    sleep: Pin<Box<Sleep>>,
    limit: Duration,
}

impl Deadline {
    /// The earlier of `known` and of `at`, which is `limit` after the start.
    pub(crate) fn earliest(known: Option<Self>, at: Instant, limit: Duration) -> Self {
        match known {
            Some(known) if known.sleep.deadline() <= at => known,
            _ => Self {
                sleep: Box::pin(sleep_until(at)),
                limit,
            },
        }
    }

    /// Ready with the limit when it has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        self.sleep.as_mut().poll(cx).map(|()| self.limit)
    }
}
