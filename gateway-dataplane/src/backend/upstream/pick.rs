//! Choosing an endpoint.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir::{self, Balancing};

/// Chooses who gets a request. Pure and synchronous.
pub trait Pick: Send + Sync + 'static {
    /// An index below `candidates.len()`, which is not 0.
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize;
}

/// What a choice may depend on, beside who there is to choose.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Choice<'a> {
    /// Counts the picks of one worker at one backend, from a start that differs by worker; it is the only source of
    /// variety.
    pub turn: usize,
    /// Requests with the same hash belong together; `None`: each is for itself.
    pub hash: Option<u64>,
    /// The zone that this gateway runs in, if it was told.
    pub zone: Option<&'a str>,
    /// Who was asked before, and did not answer. They are not among the candidates.
    pub tried: &'a [SocketAddr],
}

impl Choice<'_> {
    /// The choice for a request that is the first to be looked at.
    pub fn of_turn(turn: usize) -> Self {
        Self {
            turn,
            hash: None,
            zone: None,
            tried: &[],
        }
    }
}

/// The endpoints to choose from.
pub trait Candidates {
    /// How many there are.
    fn len(&self) -> usize;

    /// The endpoint `index`, with its zone and its weight.
    fn endpoint(&self, index: usize) -> &ir::Endpoint;

    /// Where the endpoint `index` is: the address that it has, or one of those that its name has.
    fn address(&self, index: usize) -> SocketAddr;

    /// The requests that this worker has open at the endpoint `index`.
    fn open(&self, index: usize) -> usize;

    /// Is there none?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The way to choose that the settings of a backend ask for.
pub(super) fn balance(balancing: Balancing) -> Arc<dyn Pick> {
    match balancing {
        Balancing::LeastRequest => Arc::new(LeastRequest),
        _ => Arc::new(RoundRobin),
    }
}

/// Each in turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoundRobin;

impl Pick for RoundRobin {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        choice.turn % candidates.len()
    }
}

/// The less busy of two that are chosen at random.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeastRequest;

impl Pick for LeastRequest {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        let len = candidates.len();
        if len == 1 {
            return 0;
        }
        let random = scramble(choice.turn as u64);
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
    use std::net::SocketAddr;

    use gateway_resolve::ir;

    use super::{Candidates, Choice, LeastRequest, Pick, RoundRobin};

    struct Open<'a>(&'a [usize]);

    impl Candidates for Open<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn endpoint(&self, _index: usize) -> &ir::Endpoint {
            unreachable!("all are alike")
        }
        fn address(&self, _index: usize) -> SocketAddr {
            unreachable!("all are alike")
        }
        fn open(&self, index: usize) -> usize {
            self.0[index]
        }
    }

    #[test]
    fn round_robin_gives_each_its_turn() {
        let picks: Vec<_> = (0..6)
            .map(|t| RoundRobin.pick(&Choice::of_turn(t), &Open(&[9, 0, 0])))
            .collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn least_request_never_picks_the_busiest_and_reaches_all_others() {
        let mut got = [0; 3];
        for turn in 0..300 {
            got[LeastRequest.pick(&Choice::of_turn(turn), &Open(&[5, 1, 1]))] += 1;
        }
        assert_eq!(got[0], 0);
        assert!(got[1] > 50 && got[2] > 50, "{got:?}");
    }

    #[test]
    fn least_request_spreads_evenly_when_all_are_alike() {
        let mut got = [0; 4];
        for turn in 0..4_000 {
            got[LeastRequest.pick(&Choice::of_turn(turn), &Open(&[0; 4]))] += 1;
        }
        assert!(got.iter().all(|n| (800..1_200).contains(n)), "{got:?}");
    }
}
