//! Buffers, and those of a worker that are lent to the connections that have something to read or write.

use crate::limits::fixed as limits;
use std::cell::RefCell;
use std::ops::Deref;

/// Bytes that are put in at the back and taken out at the front.
#[derive(Default)]
pub(crate) struct Buffer {
    /// Of which `start..end` are in use.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

#[derive(Default)]
struct Pool {
    usual: Vec<Vec<u8>>,
    long: Vec<Vec<u8>>,
}

thread_local! {
    static POOL: RefCell<Pool> = const {
        RefCell::new(Pool { usual: Vec::new(), long: Vec::new() })
    };
}

impl Buffer {
    /// One that has no memory yet.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    /// How much it can hold without more memory.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Takes `count` bytes away from the front.
    pub(crate) fn advance(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Room for at least `count` bytes behind those that are there; [`filled`](Self::filled) says how many
    /// were put there.
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < count {
            self.make_room(count);
        }
        &mut self.bytes[self.end..]
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Puts `more` behind those that are there.
    #[inline]
    pub(crate) fn put_slice(&mut self, more: &[u8]) {
        let end = self.end + more.len();
        match self.bytes.get_mut(self.end..end) {
            Some(room) => {
                room.copy_from_slice(more);
                self.end = end;
            }
            None => self.put_beyond(more),
        }
    }

    #[cold]
    fn put_beyond(&mut self, more: &[u8]) {
        self.room(more.len())[..more.len()].copy_from_slice(more);
        self.end += more.len();
    }

    fn make_room(&mut self, count: usize) {
        if self.bytes.is_empty() {
            self.bytes = take(count);
        }
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.bytes.len() - self.end < count {
            let length = (self.end + count).max(2 * self.bytes.len());
            self.bytes.resize(length, 0);
        }
    }

    /// Gives its memory back, when it is empty.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() && !self.bytes.is_empty() {
            self.clear();
            give(std::mem::take(&mut self.bytes));
        }
    }

    /// The same with more memory, where it is empty and has less than `room`.
    pub(crate) fn grow_empty(&mut self, room: usize) {
        if self.is_empty() && self.bytes.len() < room {
            self.rest();
            self.bytes = take(room);
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

impl From<&[u8]> for Buffer {
    fn from(bytes: &[u8]) -> Self {
        let mut buffer = Self::new();
        buffer.put_slice(bytes);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.bytes));
    }
}

/// Memory of one of the two sizes, or more.
fn take(room: usize) -> Vec<u8> {
    let (size, kept) = match room <= limits::BUFFER {
        true => (
            limits::BUFFER,
            POOL.try_with(|pool| pool.borrow_mut().usual.pop()),
        ),
        false => (
            limits::LONG_BUFFER.max(room),
            POOL.try_with(|pool| pool.borrow_mut().long.pop()),
        ),
    };
    let kept = kept.ok().flatten().filter(|kept| kept.len() >= room);
    kept.unwrap_or_else(|| vec![0; size])
}

/// Keeps memory for the next; what grew for a single large head is not worth it.
fn give(bytes: Vec<u8>) {
    if bytes.len() != limits::BUFFER && bytes.len() != limits::LONG_BUFFER {
        return;
    }
    let _thread_ends = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        let kept = match bytes.len() {
            limits::BUFFER => &mut pool.usual,
            _ => &mut pool.long,
        };
        if kept.len() < limits::BUFFERS_KEPT {
            kept.push(bytes);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Buffer, limits};

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut buffer = Buffer::new();
        let mut want = Vec::new();
        for round in 0..10_000_usize {
            let piece = vec![round as u8; round % 97];
            buffer.put_slice(&piece);
            want.extend_from_slice(&piece);
            let taken = (round % 89).min(want.len());
            buffer.advance(taken);
            want.drain(..taken);
            assert_eq!(*buffer, *want);
        }
        assert!(buffer.capacity() <= 8 * limits::BUFFER);
    }

    #[test]
    fn memory_is_lent_and_given_back() {
        let mut buffer = Buffer::from(&b"x"[..]);
        assert_eq!(buffer.capacity(), limits::BUFFER);
        buffer.rest();
        assert_eq!(buffer.capacity(), limits::BUFFER);
        buffer.advance(1);
        buffer.rest();
        assert_eq!(buffer.capacity(), 0);
        buffer.room(1)[0] = b'y';
        buffer.filled(1);
        assert_eq!(*buffer, *b"y");
    }
}
