//! Log lines at a bounded rate.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Lets one line through in a while, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Paced {
    /// When the next may pass, in milliseconds.
    next: AtomicU64,
    held_back: AtomicU64,
}

const PERIOD: Duration = Duration::from_secs(1);

impl Paced {
    pub(crate) const fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
        }
    }

    /// May a line pass now? Then how many have not since the last one.
    pub(crate) fn pass(&self) -> Option<u64> {
        static START: OnceLock<Instant> = OnceLock::new();
        self.pass_at(START.get_or_init(Instant::now).elapsed())
    }

    fn pass_at(&self, now: Duration) -> Option<u64> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let next = self.next.load(Relaxed);
        let after = millis(now + PERIOD);
        let passes = millis(now) >= next
            && (self.next.compare_exchange(next, after, Relaxed, Relaxed)).is_ok();
        if !passes {
            self.held_back.fetch_add(1, Relaxed);
            return None;
        }
        Some(self.held_back.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Paced;

    #[test]
    fn one_line_passes_a_second_and_says_how_many_did_not() {
        let paced = Paced::new();
        let passed = [0, 1, 999, 1_000, 1_001, 5_000].map(Duration::from_millis);
        let passed = passed.map(|now| paced.pass_at(now));
        assert_eq!(passed, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
