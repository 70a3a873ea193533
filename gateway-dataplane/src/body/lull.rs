//! Time in which nothing moves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Ready when nothing that is owed has moved for a while. Its timer starts when it is first asked.
#[derive(Default)]
pub(crate) struct Lull {
    timer: Option<Pin<Box<Sleep>>>,
    /// How much had moved when the timer was set, if something was owed.
    owed: Option<u64>,
}

impl Lull {
    /// Ready when something has been owed for `limit` at least, and `owed`, which counts what moves, has been the
    /// same.
    pub(crate) fn poll(
        &mut self,
        limit: Duration,
        owed: Option<u64>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => timer,
            None => {
                self.owed = owed;
                self.timer.insert(Box::pin(sleep(limit)))
            }
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            if self.owed == owed && owed.is_some() {
                return Poll::Ready(());
            }
            self.owed = owed;
            timer.as_mut().reset(Instant::now() + limit);
        }
    }
}
