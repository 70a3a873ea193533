//! Choosing by the hash of a request: the same one leads to the same endpoint, and few lead elsewhere when endpoints
//! come or go.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;

use siphasher::sip::SipHasher13;

use super::pick::{Candidates, Choice, Pick, scramble};

/// The next endpoint on a ring on which each has points by its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    least: u64,
    most: u64,
}

impl Ring {
    /// Rings with at least and at most so many points.
    pub fn new(least: NonZeroU32, most: NonZeroU32) -> Self {
        Self {
            least: least.get().into(),
            most: most.max(least).get().min(LARGEST).into(),
        }
    }
}

/// The points that are ever made: 16 MiB.
const LARGEST: u32 = 1 << 20;

impl Pick for Ring {
    /// Without a ring there is nothing to go by: any will do.
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        hash_of(choice) as usize % candidates.len()
    }

    fn over(&self, candidates: &dyn Candidates) -> Option<Arc<dyn Pick>> {
        let weights: Vec<_> = (0..candidates.len())
            .map(|at| weight(candidates, at))
            .collect();
        let (sum, lightest) = (weights.iter().sum::<u64>(), *weights.iter().min()?);
        // The lightest has a whole number of points, so that the others have their multiples of it.
        let of_lightest = (self.least.min(self.most) * lightest).div_ceil(sum).max(1);
        let most = self.most;
        let points = |weight: u64| {
            (of_lightest * weight / lightest)
                .min(most * weight / sum)
                .max(1)
        };
        let mut all = Vec::new();
        for (index, weight) in weights.into_iter().enumerate() {
            let owner = u32::try_from(index).unwrap_or(u32::MAX);
            let points = 0..points(weight);
            all.extend(points.map(|point| (place(candidates, index, &point), owner)));
        }
        all.sort_unstable();
        Some(Arc::new(Points(all.into())))
    }
}

/// The points of a ring, in order, each with the endpoint that it belongs to.
struct Points(Box<[(u64, u32)]>);

impl Pick for Points {
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        let hash = hash_of(choice);
        let start = self.0.partition_point(|(point, _)| *point < hash);
        let around = self.0[start..].iter().chain(&self.0[..start]);
        let mut owners = around.filter_map(|(_, owner)| candidates.find(*owner as usize));
        owners.next().unwrap_or(0)
    }
}

/// A table that gives each endpoint as many places as its weight asks for ("Maglev: A Fast and Reliable Software
/// Network Load Balancer", <https://research.google/pubs/pub44824/>, section 3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Maglev;

/// Places of a table: a prime, as Envoy's.
const PLACES: usize = 65_537;

impl Pick for Maglev {
    /// Without a table there is nothing to go by: any will do.
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        hash_of(choice) as usize % candidates.len()
    }

    fn over(&self, candidates: &dyn Candidates) -> Option<Arc<dyn Pick>> {
        let mut claims: Vec<_> = (0..candidates.len().min(PLACES))
            .map(|at| Claim::new(candidates, at))
            .collect();
        let heaviest = claims.iter().map(|claim| claim.weight).max()?;
        let mut table = vec![FREE; PLACES];
        let mut left = PLACES;
        for round in 1.. {
            for (owner, claim) in claims.iter_mut().enumerate() {
                // The heaviest has a turn in each round, the others in some of them.
                if round * claim.weight < claim.turns * heaviest {
                    continue;
                }
                claim.turns += 1;
                let place = claim.next_free(&table);
                table[place] = owner as u32;
                left -= 1;
                if left == 0 {
                    return Some(Arc::new(Table(table.into())));
                }
            }
        }
        None
    }
}

const FREE: u32 = u32::MAX;

/// What an endpoint claims of a table: its places in the order of its preference.
struct Claim {
    weight: u64,
    turns: u64,
    next: usize,
    skip: usize,
}

impl Claim {
    fn new(candidates: &dyn Candidates, index: usize) -> Self {
        let place = |what| place(candidates, index, what);
        Self {
            weight: weight(candidates, index),
            turns: 0,
            next: (place("offset") % PLACES as u64) as usize,
            skip: (place("skip") % (PLACES as u64 - 1)) as usize + 1,
        }
    }

    fn next_free(&mut self, table: &[u32]) -> usize {
        loop {
            let place = self.next;
            self.next = (place + self.skip) % PLACES;
            if table[place] == FREE {
                return place;
            }
        }
    }
}

/// The endpoint of each place.
struct Table(Box<[u32]>);

impl Pick for Table {
    /// Where the endpoint of a place is none of the candidates, another place is looked at, by the same hash.
    fn pick(&self, choice: &Choice<'_>, candidates: &dyn Candidates) -> usize {
        let mut hash = hash_of(choice);
        for _ in 0..TRIES {
            let owner = self.0[(hash % PLACES as u64) as usize];
            if let Some(index) = candidates.find(owner as usize) {
                return index;
            }
            hash = scramble(hash);
        }
        hash as usize % candidates.len()
    }
}

/// Places that are looked at.
const TRIES: usize = 64;

/// What keeps a request together with others; else it is for itself.
fn hash_of(choice: &Choice<'_>) -> u64 {
    choice.hash.unwrap_or_else(|| scramble(choice.turn as u64))
}

fn weight(candidates: &dyn Candidates, index: usize) -> u64 {
    let weight = candidates.endpoint(index).weight;
    weight.map_or(1, |weight| weight.get().into())
}

/// Where an endpoint has one of its places.
fn place<T: Hash + ?Sized>(candidates: &dyn Candidates, index: usize, which: &T) -> u64 {
    match candidates.name(index) {
        Some(name) => hash(&(name, which)),
        None => hash(&(candidates.address(index), which)),
    }
}

/// The same in every process, so that replicas agree.
fn hash(of: &impl Hash) -> u64 {
    let mut hasher = SipHasher13::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_resolve::ir;

    struct Subset(Vec<ir::Endpoint>, Vec<usize>);

    impl Candidates for Subset {
        fn len(&self) -> usize {
            self.1.len()
        }
        fn endpoint(&self, index: usize) -> &ir::Endpoint {
            &self.0[self.1[index]]
        }
        fn address(&self, index: usize) -> std::net::SocketAddr {
            self.endpoint(index).address.ip().unwrap()
        }
        fn open(&self, _index: usize) -> usize {
            0
        }
        fn find(&self, whole: usize) -> Option<usize> {
            self.1.iter().position(|index| *index == whole)
        }
    }

    /// The same, by names that are given to addresses in that order.
    struct Named<'n>(Subset, &'n [&'n str]);

    impl Candidates for Named<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn endpoint(&self, index: usize) -> &ir::Endpoint {
            self.0.endpoint(index)
        }
        fn address(&self, index: usize) -> std::net::SocketAddr {
            self.0.address(index)
        }
        fn open(&self, _index: usize) -> usize {
            0
        }
        fn name(&self, index: usize) -> Option<&str> {
            Some(self.1[index])
        }
    }

    /// Envoy, `use_hostname_for_hashing`.
    #[test]
    fn endpoints_that_are_told_apart_by_names_may_change_their_addresses() {
        for pick in both() {
            let before = Named(endpoints(3, None), &["a", "b", "c"]);
            let after = Named(endpoints(3, None), &["c", "a", "b"]);
            let picks = [&before, &after].map(|all| (all, pick.over(all).unwrap()));
            for hash in 0..1_000 {
                let names = picks.each_ref().map(|(all, made)| {
                    let index = made.pick(&choice(hash), *all);
                    all.1[index]
                });
                assert_eq!(names[0], names[1]);
            }
        }
    }

    fn endpoints(count: u8, heavy: Option<(usize, u32)>) -> Subset {
        let endpoint = |n| ir::Endpoint::at(std::net::SocketAddr::from(([10, 0, 0, n], 80)));
        let mut all: Vec<_> = (0..count).map(endpoint).collect();
        if let Some((index, weight)) = heavy {
            all[index].weight = NonZeroU32::new(weight);
        }
        Subset(all, (0..count.into()).collect())
    }

    fn both() -> [Box<dyn Pick>; 2] {
        let size = |n| NonZeroU32::new(n).unwrap();
        [
            Box::new(Ring::new(size(1_024), size(8 << 20))),
            Box::new(Maglev),
        ]
    }

    fn choice(hash: u64) -> Choice<'static> {
        Choice {
            hash: Some(scramble(hash)),
            ..Choice::of_turn(0)
        }
    }

    #[test]
    fn the_same_hash_leads_to_the_same_endpoint_and_all_are_reached() {
        for pick in both() {
            let all = endpoints(5, None);
            let made = pick.over(&all).unwrap();
            let mut got = [0; 5];
            for hash in 0..10_000 {
                let index = made.pick(&choice(hash), &all);
                assert_eq!(index, made.pick(&choice(hash), &all));
                got[index] += 1;
            }
            assert!(got.iter().all(|n| (1_400..2_700).contains(n)), "{got:?}");
        }
    }

    #[test]
    fn weights_count() {
        for pick in both() {
            let all = endpoints(3, Some((1, 4)));
            let made = pick.over(&all).unwrap();
            let hits = (0..12_000)
                .filter(|hash| made.pick(&choice(*hash), &all) == 1)
                .count();
            assert!((7_200..8_800).contains(&hits), "{hits}");
        }
    }

    #[test]
    fn requests_of_others_stay_when_one_endpoint_is_left_out() {
        for pick in both() {
            let all = endpoints(5, None);
            let made = pick.over(&all).unwrap();
            let few = Subset(all.0.clone(), vec![0, 1, 3, 4]);
            for hash in 0..5_000 {
                let before = made.pick(&choice(hash), &all);
                let after = few.1[made.pick(&choice(hash), &few)];
                assert!(before == 2 || before == after);
                assert_ne!(after, 2);
            }
        }
    }

    #[test]
    fn few_requests_move_when_an_endpoint_comes() {
        for pick in both() {
            let (five, six) = (endpoints(5, None), endpoints(6, None));
            let (before, after) = (pick.over(&five).unwrap(), pick.over(&six).unwrap());
            let moved = (0..10_000).filter(|hash| {
                let hash = choice(*hash);
                before.pick(&hash, &five) != after.pick(&hash, &six)
            });
            let moved = moved.count();
            assert!((1_000..2_600).contains(&moved), "{moved}");
        }
    }

    #[test]
    fn a_request_without_a_hash_may_go_anywhere() {
        for pick in both() {
            let all = endpoints(3, None);
            let made = pick.over(&all).unwrap();
            let mut got = [0; 3];
            (0..300).for_each(|turn| got[made.pick(&Choice::of_turn(turn), &all)] += 1);
            assert!(got.iter().all(|n| *n > 20), "{got:?}");
        }
    }
}
