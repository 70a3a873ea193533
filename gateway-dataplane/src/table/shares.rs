//! Choosing by weight.

use std::num::NonZeroU64;

use gateway_resolve::ir::Weighted;

/// Things to choose from in proportion to their weights.
#[derive(Debug)]
pub(super) struct Shares<T> {
    /// Each with the sum of the weights up to and including its own.
    list: Box<[(u64, T)]>,
    total: NonZeroU64,
}

impl<T> Shares<T> {
    /// What `compile` makes of each target; `None` when no weight is above zero.
    pub(super) fn new<W: Weighted>(targets: &[W], compile: impl Fn(&W) -> T) -> Option<Self> {
        let mut sum = 0;
        let add = |target: &W| {
            sum += u64::from(target.weight());
            (sum, compile(target))
        };
        let list: Box<[_]> = targets.iter().map(add).collect();
        let total = NonZeroU64::new(sum)?;
        Some(Self { list, total })
    }

    /// All with their weights, in the order of the targets.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.list.iter().scan(0, |before, (up_to, share)| {
            let weight = up_to - std::mem::replace(before, *up_to);
            Some((weight, share))
        })
    }

    /// The position and the share that `random`, scaled to the sum of the weights, falls into. `random` is uniform
    /// over all of `u64`.
    pub(super) fn pick(&self, random: u64) -> (usize, &T) {
        let scaled = (u128::from(random) * u128::from(self.total.get())) >> 64;
        let at = self
            .list
            .partition_point(|(up_to, _)| u128::from(*up_to) <= scaled);
        (at, &self.list[at].1)
    }
}
