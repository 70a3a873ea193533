//! Random numbers for choices and ids: fast, of good quality, not for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    /// The state of SplitMix64, seeded by the standard library's random keys.
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
}

/// A number that is uniform over all of `u64`.
pub(crate) fn random() -> u64 {
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
