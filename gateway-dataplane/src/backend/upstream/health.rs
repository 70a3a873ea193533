//! Health: an endpoint that keeps failing is left alone for a while, and so is one that checks find ill.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::checks::Tally;

/// When an endpoint is taken out of rotation, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ejection {
    /// Failures in a row; at least 1.
    pub(super) after: u32,
    /// How long it stays out.
    pub(super) period: Duration,
}

/// The health of one endpoint, shared by all workers; written to when something fails only.
#[derive(Debug)]
pub(super) struct Health {
    failures: AtomicU32,
    /// Milliseconds after `epoch` at which it is back; 0: it is not out.
    back_at: AtomicU64,
    epoch: Instant,
    /// What checks have found.
    pub(super) tally: Tally,
}

impl Health {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            failures: AtomicU32::new(0),
            back_at: AtomicU64::new(0),
            epoch: now,
            tally: Tally::new(),
        }
    }

    /// May it be asked? After its time out it may, and the next failure puts it out again.
    pub(super) fn is_in(&self, now: impl FnOnce() -> Instant) -> bool {
        let is_back = match self.back_at.load(Ordering::Relaxed) {
            0 => true,
            back_at => self.millis(now()) >= back_at,
        };
        is_back && self.tally.is_in()
    }

    /// It answered.
    pub(super) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.back_at.store(0, Ordering::Relaxed);
        }
    }

    /// It did not. True: this put it out of rotation.
    pub(super) fn failed(&self, ejection: Ejection, now: Instant) -> bool {
        let failures = self
            .failures
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if failures < ejection.after {
            return false;
        }
        let was_in = self.is_in(|| now);
        let back_at = self.millis(now + ejection.period).max(1);
        self.back_at.store(back_at, Ordering::Relaxed);
        was_in
    }

    fn millis(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.epoch).as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Ejection, Health};

    const EJECTION: Ejection = Ejection {
        after: 2,
        period: Duration::from_secs(10),
    };

    #[test]
    fn failures_in_a_row_put_an_endpoint_out_for_a_while() {
        let start = Instant::now();
        let health = Health::new(start);
        assert!(!health.failed(EJECTION, start));
        assert!(health.is_in(|| start));
        assert!(health.failed(EJECTION, start));
        assert!(!health.is_in(|| start + Duration::from_secs(9)));
        assert!(health.is_in(|| start + Duration::from_secs(10)));
    }

    #[test]
    fn after_its_time_out_one_more_failure_puts_it_out_again() {
        let start = Instant::now();
        let health = Health::new(start);
        health.failed(EJECTION, start);
        health.failed(EJECTION, start);
        let back = start + Duration::from_secs(10);
        assert!(health.failed(EJECTION, back));
        assert!(!health.is_in(|| back));
    }

    #[test]
    fn a_success_ends_the_row() {
        let start = Instant::now();
        let health = Health::new(start);
        health.failed(EJECTION, start);
        health.succeeded();
        assert!(!health.failed(EJECTION, start));
        assert!(health.is_in(|| start));
    }
}
