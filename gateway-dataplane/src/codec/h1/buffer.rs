//! Buffers of a worker, lent to the connections that have something to read.

use std::cell::RefCell;

use bytes::BytesMut;

/// What most heads and short bodies fit into.
pub(crate) const USUAL: usize = 16 << 10;
/// What long bodies are read into.
pub(crate) const LONG: usize = 64 << 10;
/// Buffers of each size that a worker keeps for the next that asks.
const KEPT: usize = 32;

#[derive(Default)]
struct Pool {
    usual: Vec<BytesMut>,
    long: Vec<BytesMut>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// An empty buffer with room for `room` bytes, or for [`LONG`].
pub(crate) fn take(room: usize) -> BytesMut {
    let usual = room <= USUAL;
    let kept = POOL.with_borrow_mut(|pool| match usual {
        true => pool.usual.pop(),
        false => pool.long.pop(),
    });
    kept.unwrap_or_else(|| BytesMut::with_capacity(if usual { USUAL } else { LONG }))
}

/// Takes a buffer back, whatever is in it.
pub(crate) fn give(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.capacity() == 0 && !buffer.try_reclaim(1) {
        return;
    }
    POOL.with_borrow_mut(|pool| {
        let room = match buffer.try_reclaim(LONG) {
            true => &mut pool.long,
            false if buffer.try_reclaim(USUAL) => &mut pool.usual,
            false => return,
        };
        // One that grew for a single large head is not worth keeping.
        if room.len() < KEPT && buffer.capacity() <= 2 * LONG {
            room.push(buffer);
        }
    });
}
