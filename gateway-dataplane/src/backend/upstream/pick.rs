//! Choosing an endpoint.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use gateway_resolve::ir::{self, Balancing};

use super::ring::{Maglev, Ring};

/// Chooses who gets a request. Pure and synchronous.
pub trait Pick: Send + Sync + 'static {
    /// An index below `candidates.len()`, which is not 0.
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize;

    /// The same for these endpoints, with what can be worked out ahead, such as a ring. It is asked for all of them,
    /// or for some, of which [`Candidates::find`] says which they are. `None`: there is nothing.
    fn over(&self, candidates: &dyn Candidates) -> Option<Arc<dyn Pick>> {
        let _ = candidates;
        None
    }
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

    /// The name that the endpoint `index` is told apart by where a hash chooses one; `None`: its address.
    fn name(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The requests that this worker has open at the endpoint `index`.
    fn open(&self, index: usize) -> usize;

    /// Is there none?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the endpoint is that has the index `whole` among all of them.
    fn find(&self, whole: usize) -> Option<usize> {
        (whole < self.len()).then_some(whole)
    }

    /// The share of the endpoint `index` now, relative to that of the others: its weight, and less while it is new
    /// where it starts slowly.
    fn share(&self, index: usize) -> u64 {
        let weight = self.endpoint(index).weight;
        weight.map_or(1, |weight| weight.get().into())
    }

    /// Have all the same share?
    fn is_even(&self) -> bool {
        let first = |index| self.share(index) == self.share(0);
        (1..self.len()).all(first)
    }
}

/// The way to choose that the settings of a backend ask for.
pub(super) fn balance(balancing: Balancing) -> Arc<dyn Pick> {
    match balancing {
        Balancing::LeastRequest { choices } => Arc::new(LeastRequest::of(choices)),
        Balancing::Random => Arc::new(Random),
        Balancing::Ring { least, most } => Arc::new(Ring::new(least, most)),
        Balancing::Maglev => Arc::new(Maglev),
        Balancing::RoundRobin => Arc::new(RoundRobin),
    }
}

/// Each in turn, as often as its share says.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoundRobin;

impl Pick for RoundRobin {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        match candidates.is_even() {
            true => choice.turn % candidates.len(),
            // Multiples of the golden ratio fall evenly, so that the turns of a heavy endpoint are apart.
            false => by_share(
                (choice.turn as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                candidates,
            ),
        }
    }
}

/// One at random, as often as its share says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl Pick for Random {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        at_random(scramble(choice.turn as u64), candidates)
    }
}

fn at_random(random: u64, candidates: &dyn Candidates) -> usize {
    match candidates.is_even() {
        true => (random >> 32) as usize % candidates.len(),
        false => by_share(random, candidates),
    }
}

/// Where a part of all shares falls, as a part of 2^64.
fn by_share(part: u64, candidates: &dyn Candidates) -> usize {
    let all = 0..candidates.len();
    let sum: u64 = all.clone().map(|index| candidates.share(index)).sum();
    let mut left = ((u128::from(part) * u128::from(sum)) >> 64) as u64;
    for index in all {
        match left.checked_sub(candidates.share(index)) {
            Some(rest) => left = rest,
            None => return index,
        }
    }
    0
}

/// The least busy of some that are chosen at random; of two, unless more are asked for.
#[derive(Debug, Clone, Copy)]
pub struct LeastRequest {
    choices: u32,
}

impl LeastRequest {
    /// The least busy of so many.
    pub fn of(choices: NonZeroU32) -> Self {
        Self {
            choices: choices.get(),
        }
    }
}

impl Default for LeastRequest {
    fn default() -> Self {
        Self { choices: 2 }
    }
}

impl Pick for LeastRequest {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        let len = candidates.len();
        if len == 1 {
            return 0;
        }
        let mut random = scramble(choice.turn as u64);
        let mut best = at_random(random, candidates);
        for _ in 1..self.choices.min(MOST_CHOICES) {
            // Never the same again: with two endpoints the less busy one is always found.
            let other = (best + 1 + (random as u32) as usize % (len - 1)) % len;
            if candidates.open(other) < candidates.open(best) {
                best = other;
            }
            random = scramble(random);
        }
        best
    }
}

/// More are not looked at.
const MOST_CHOICES: u32 = 32;

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

    use super::{Candidates, Choice, LeastRequest, Pick, Random, RoundRobin};

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
        fn share(&self, _index: usize) -> u64 {
            1
        }
    }

    struct Shares<'a>(&'a [u64]);

    impl Candidates for Shares<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn endpoint(&self, _index: usize) -> &ir::Endpoint {
            unreachable!("only their shares are looked at")
        }
        fn address(&self, _index: usize) -> SocketAddr {
            unreachable!("only their shares are looked at")
        }
        fn open(&self, _index: usize) -> usize {
            0
        }
        fn share(&self, index: usize) -> u64 {
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
    fn shares_count() {
        let picks: [&dyn Pick; 3] = [&RoundRobin, &Random, &LeastRequest { choices: 1 }];
        for pick in picks {
            let mut got = [0; 3];
            for turn in 0..8_000 {
                got[pick.pick(&Choice::of_turn(turn), &Shares(&[1, 6, 1]))] += 1;
            }
            assert!(
                (850..1_150).contains(&got[0]) && (850..1_150).contains(&got[2]),
                "{got:?}"
            );
        }
    }

    #[test]
    fn the_turns_of_a_heavy_endpoint_are_apart() {
        let pick = |turn| RoundRobin.pick(&Choice::of_turn(turn), &Shares(&[3, 1]));
        let picks: Vec<_> = (0..400).map(pick).collect();
        assert!(picks.windows(6).all(|some| some.contains(&1)), "{picks:?}");
    }

    #[test]
    fn least_request_never_picks_the_busiest_and_reaches_all_others() {
        let mut got = [0; 3];
        for turn in 0..300 {
            got[LeastRequest::default().pick(&Choice::of_turn(turn), &Open(&[5, 1, 1]))] += 1;
        }
        assert_eq!(got[0], 0);
        assert!(got[1] > 50 && got[2] > 50, "{got:?}");
    }

    #[test]
    fn least_request_looks_at_as_many_as_it_is_told() {
        let open = [3, 3, 3, 3, 3, 0];
        let found = |choices| {
            let turns = (0..1_000).map(Choice::of_turn);
            turns
                .filter(|turn| LeastRequest { choices }.pick(turn, &Open(&open)) == 5)
                .count()
        };
        assert!(found(8) > found(2) + 200, "{} {}", found(8), found(2));
    }

    #[test]
    fn least_request_spreads_evenly_when_all_are_alike() {
        let mut got = [0; 4];
        for turn in 0..4_000 {
            got[LeastRequest::default().pick(&Choice::of_turn(turn), &Open(&[0; 4]))] += 1;
        }
        assert!(got.iter().all(|n| (800..1_200).contains(n)), "{got:?}");
    }
}
