//! Choosing an endpoint.

/// Chooses who gets a request. Pure and synchronous.
pub trait Pick: Send + Sync + 'static {
    /// An index below `candidates.len()`, which is not 0. `turn` counts the picks of one worker at
    /// one backend, from a start that differs by worker; it is the only source of variety.
    fn pick(&self, turn: usize, candidates: &dyn Candidates) -> usize;
}

/// The endpoints to choose from.
pub trait Candidates {
    /// How many there are.
    fn len(&self) -> usize;

    /// The requests that this worker has open at the endpoint `index`.
    fn open(&self, index: usize) -> usize;

    /// Is there none?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Each in turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoundRobin;

impl Pick for RoundRobin {
    fn pick(&self, turn: usize, candidates: &dyn Candidates) -> usize {
        turn % candidates.len()
    }
}

/// The less busy of two that are chosen at random.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeastRequest;

impl Pick for LeastRequest {
    fn pick(&self, turn: usize, candidates: &dyn Candidates) -> usize {
        let len = candidates.len();
        if len == 1 {
            return 0;
        }
        let random = scramble(turn as u64);
        let first = (random >> 32) as usize % len;
        let second = (first + 1 + (random as u32) as usize % (len - 1)) % len;
        match candidates.open(second) < candidates.open(first) {
            true => second,
            false => first,
        }
    }
}

/// Spreads counters over all of `u64` (the finaliser of SplitMix64).
pub(super) fn scramble(counter: u64) -> u64 {
    let mut x = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Candidates, LeastRequest, Pick, RoundRobin};

    struct Open<'a>(&'a [usize]);

    impl Candidates for Open<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn open(&self, index: usize) -> usize {
            self.0[index]
        }
    }

    #[test]
    fn round_robin_gives_each_its_turn() {
        let picks: Vec<_> = (0..6)
            .map(|t| RoundRobin.pick(t, &Open(&[9, 0, 0])))
            .collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn least_request_never_picks_the_busiest_and_reaches_all_others() {
        let mut got = [0; 3];
        for turn in 0..300 {
            got[LeastRequest.pick(turn, &Open(&[5, 1, 1]))] += 1;
        }
        assert_eq!(got[0], 0);
        assert!(got[1] > 50 && got[2] > 50, "{got:?}");
    }

    #[test]
    fn least_request_spreads_evenly_when_all_are_alike() {
        let mut got = [0; 4];
        for turn in 0..4_000 {
            got[LeastRequest.pick(turn, &Open(&[0; 4]))] += 1;
        }
        assert!(got.iter().all(|n| (800..1_200).contains(n)), "{got:?}");
    }
}
