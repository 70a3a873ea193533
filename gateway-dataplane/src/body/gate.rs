//! Holds a request body back until the upstream asks for it (RFC 9110 section 10.1.1).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::{Sleep, sleep};

/// Opens once, by a [`Key`] or after a while.
pub(crate) struct Gate {
    lock: Arc<Lock>,
    patience: Pin<Box<Sleep>>,
}

/// Opens a [`Gate`].
pub(crate) struct Key(Arc<Lock>);

#[derive(Default)]
struct Lock {
    open: AtomicBool,
    waiting: AtomicWaker,
}

impl Gate {
    /// A gate that opens by itself after `patience`.
    pub(crate) fn new(patience: Duration) -> (Self, Key) {
        let lock = Arc::new(Lock::default());
        let gate = Self {
            lock: Arc::clone(&lock),
            patience: Box::pin(sleep(patience)),
        };
        (gate, Key(lock))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.lock.waiting.register(cx.waker());
        match self.lock.open.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => self.patience.as_mut().poll(cx),
        }
    }
}

impl Key {
    /// Opens the gate.
    pub(crate) fn open(&self) {
        self.0.open.store(true, Ordering::Release);
        self.0.waiting.wake();
    }
}
