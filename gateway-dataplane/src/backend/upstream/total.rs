//! What all backends together have open.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Connections and UDP sessions of all backends that were made by one [`Upstreams`](super::Upstreams).
///
/// A backend may have as many as are left for others. So however many of them are greedy, there is something left
/// for the next: one takes half at most, two take a third each, and so on.
#[derive(Debug)]
pub(super) struct Total {
    open: AtomicUsize,
    most: usize,
}

impl Total {
    pub(super) fn new(most: usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            most,
        }
    }

    /// Counts one, and says how many were left.
    pub(super) fn enter(&self) -> usize {
        let open = self.open.fetch_add(1, Relaxed);
        self.most.saturating_sub(open)
    }

    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Total;

    /// How many each of `greedy` backends gets, and then one more.
    fn shares(most: usize, greedy: usize) -> (Vec<usize>, usize) {
        let total = Total::new(most);
        let mut own = vec![0; greedy];
        let take = |own: &mut usize| {
            let got = *own < total.enter();
            match got {
                true => *own += 1,
                false => total.leave(),
            }
            got
        };
        while own.iter_mut().fold(false, |any, own| take(own) | any) {}
        let mut late = 0;
        while take(&mut late) {}
        (own, late)
    }

    #[test]
    fn greedy_backends_leave_room_for_the_next() {
        assert_eq!(shares(100, 1), (vec![50], 25));
        assert_eq!(shares(99, 2), (vec![33, 33], 17));
        let (own, late) = shares(256, 16);
        assert!(own.iter().all(|own| *own >= 15), "{own:?}");
        assert!(late >= 8, "{late}");
    }
}
