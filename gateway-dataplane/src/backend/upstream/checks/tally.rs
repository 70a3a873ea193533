//! What health checks have found of one endpoint.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

/// Written to by the task that checks alone.
#[derive(Debug)]
pub(in crate::backend::upstream) struct Tally {
    state: AtomicU8,
    /// Checks in a row that speak for the other state.
    row: AtomicU32,
}

/// Nobody checks.
const UNCHECKED: u8 = 0;
/// It was not asked yet.
const PENDING: u8 = 1;
const WELL: u8 = 2;
const ILL: u8 = 3;

impl Tally {
    pub(in crate::backend::upstream) fn new() -> Self {
        Self {
            state: AtomicU8::new(UNCHECKED),
            row: AtomicU32::new(0),
        }
    }

    /// May the endpoint get requests, as far as checks say?
    pub(in crate::backend::upstream) fn is_in(&self) -> bool {
        matches!(self.state.load(Relaxed), UNCHECKED | WELL)
    }

    /// It is checked from now on, or not any more. What is known stays.
    pub(in crate::backend::upstream) fn set_checked(&self, checked: bool) {
        match (checked, self.state.load(Relaxed)) {
            (false, _) => self.become_(UNCHECKED),
            (true, UNCHECKED) => self.become_(PENDING),
            (true, _) => {}
        }
    }

    /// It answered as it should. True: it gets requests from now on.
    pub(super) fn succeeded(&self, after: NonZeroU32) -> bool {
        match self.state.load(Relaxed) {
            PENDING => self.turn(WELL),
            ILL => self.count(after) && self.turn(WELL),
            _ => {
                self.row.store(0, Relaxed);
                false
            }
        }
    }

    /// It did not. True: it gets none from now on.
    pub(super) fn failed(&self, after: NonZeroU32) -> bool {
        match self.state.load(Relaxed) {
            PENDING => self.turn(ILL),
            WELL => self.count(after) && self.turn(ILL),
            _ => {
                self.row.store(0, Relaxed);
                false
            }
        }
    }

    fn count(&self, after: NonZeroU32) -> bool {
        self.row.fetch_add(1, Relaxed) + 1 >= after.get()
    }

    fn turn(&self, state: u8) -> bool {
        self.become_(state);
        true
    }

    fn become_(&self, state: u8) {
        self.row.store(0, Relaxed);
        self.state.store(state, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: NonZeroU32 = NonZeroU32::new(3).expect("not zero");

    #[test]
    fn the_first_answer_is_enough() {
        let tally = Tally::new();
        tally.set_checked(true);
        assert!(!tally.is_in());
        assert!(tally.succeeded(THREE) && tally.is_in());
    }

    #[test]
    fn it_takes_some_in_a_row_to_fall_and_to_recover() {
        let tally = Tally::new();
        tally.set_checked(true);
        tally.succeeded(THREE);
        assert!(!tally.failed(THREE) && !tally.failed(THREE) && tally.is_in());
        tally.succeeded(THREE);
        assert!(!tally.failed(THREE) && !tally.failed(THREE));
        assert!(tally.failed(THREE) && !tally.is_in());
        assert!(!tally.succeeded(THREE) && !tally.succeeded(THREE) && !tally.is_in());
        assert!(tally.succeeded(THREE) && tally.is_in());
    }

    #[test]
    fn what_is_known_stays_until_nobody_checks() {
        let tally = Tally::new();
        tally.set_checked(true);
        tally.failed(THREE);
        tally.set_checked(true);
        assert!(!tally.is_in());
        tally.set_checked(false);
        assert!(tally.is_in());
    }
}
