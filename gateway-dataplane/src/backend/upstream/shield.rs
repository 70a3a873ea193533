//! A waker that stands between a connection and the task that polls it at the moment.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// Wakes the task that last polled the connection.
///
/// A connection moves from task to task, and its two halves wake each other while one poll drives
/// both. Wakes during a poll are noted instead of scheduling the task once more, and wakes while
/// nobody has the connection only leave a mark.
pub(super) struct Shield {
    state: AtomicU8,
    task: Mutex<Waker>,
}

/// Nobody polls; wakes go to the task.
const WAITING: u8 = 0;
/// A poll is going on.
const POLLING: u8 = 1;
/// A wake came during the poll.
const AGAIN: u8 = 2;
/// The connection is in a pool.
const PARKED: u8 = 3;
/// A wake came while it was there.
const STIRRED: u8 = 4;

impl Shield {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU8::new(PARKED),
            task: Mutex::new(Waker::noop().clone()),
        })
    }

    /// A poll by `task` begins.
    pub(super) fn enter(&self, task: &Waker) {
        let mut known = self.task();
        if !known.will_wake(task) {
            known.clone_from(task);
        }
        drop(known);
        self.state.store(POLLING, Ordering::Release);
    }

    /// The poll found nothing to do. False: a wake came meanwhile, and it should look again.
    pub(super) fn leave(&self) -> bool {
        let left =
            self.state
                .compare_exchange(POLLING, WAITING, Ordering::AcqRel, Ordering::Acquire);
        if left.is_err() {
            self.state.store(POLLING, Ordering::Release);
        }
        left.is_ok()
    }

    /// The poll found what it wanted, and whoever got it polls again for more.
    pub(super) fn found(&self) {
        self.state.store(WAITING, Ordering::Release);
    }

    /// The poll ends with work left: the task is woken.
    pub(super) fn yield_now(&self) {
        self.state.store(WAITING, Ordering::Release);
        self.task().wake_by_ref();
    }

    /// The connection goes to its pool.
    pub(super) fn park(&self) {
        self.state.store(PARKED, Ordering::Release);
        *self.task() = Waker::noop().clone();
    }

    /// Did something happen to the connection in its pool?
    pub(super) fn is_stirred(&self) -> bool {
        self.state.load(Ordering::Acquire) == STIRRED
    }

    fn task(&self) -> MutexGuard<'_, Waker> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Shield {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted =
            self.state
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
                    POLLING => Some(AGAIN),
                    PARKED => Some(STIRRED),
                    _ => None,
                });
        if noted == Err(WAITING) {
            self.task().wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::Shield;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_wake_reaches_the_task_that_polled_last() {
        let (shield, first, second) = (Shield::new(), Arc::<Count>::default(), Arc::default());
        for task in [&first, &second] {
            shield.enter(&Waker::from(Arc::clone(task)));
            assert!(shield.leave());
        }
        Waker::from(shield).wake();
        let woken = [first, second].map(|c: Arc<Count>| c.0.load(Ordering::Relaxed));
        assert_eq!(woken, [0, 1]);
    }

    #[test]
    fn a_wake_during_a_poll_makes_it_look_again() {
        let (shield, task) = (Shield::new(), Arc::<Count>::default());
        shield.enter(&Waker::from(Arc::clone(&task)));
        Waker::from(Arc::clone(&shield)).wake_by_ref();
        assert!(!shield.leave());
        assert!(shield.leave());
        assert_eq!(task.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_wake_in_the_pool_leaves_a_mark() {
        let shield = Shield::new();
        shield.park();
        assert!(!shield.is_stirred());
        Waker::from(Arc::clone(&shield)).wake();
        assert!(shield.is_stirred());
    }
}
