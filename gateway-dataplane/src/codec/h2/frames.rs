//! A bound on HTTP/2 frames that ask for nothing: PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA and the like take
//! work, and nothing else limits how many a peer sends (RFC 9113 section 10.5).

use std::time::{Duration, Instant};

/// Bytes with which a client begins (RFC 9113 section 3.4).
pub(crate) const PREFACE: usize = 24;
const HEAD: usize = 9;
const PERIOD: Duration = Duration::from_secs(1);
/// Bytes of responses for which a client may send one frame more: it has to say what it has taken.
const PAID_BY: usize = 1 << 10;

/// Follows the frames that a peer sends.
pub(crate) struct Frames {
    limit: u32,
    /// Bytes that are no head of a frame.
    skip: usize,
    head: [u8; HEAD],
    known: usize,
    /// Since when are these counted?
    since: Option<Instant>,
    count: usize,
    sent: usize,
}

impl Frames {
    /// At most `limit` frames in a second that ask for nothing; `skip` bytes come before the first.
    pub(crate) fn new(limit: u32, skip: usize) -> Self {
        Self {
            limit,
            skip,
            head: [0; HEAD],
            known: 0,
            since: None,
            count: 0,
            sent: 0,
        }
    }

    /// Looks at more of what was read; false: there were too many. The clock is read when that may be so.
    pub(crate) fn see(&mut self, mut bytes: &[u8], now: impl Fn() -> Instant) -> bool {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let taken = (HEAD - self.known).min(bytes.len());
            self.head[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
            self.known += taken;
            bytes = &bytes[taken..];
            if self.known == HEAD {
                self.known = 0;
                if !self.frame(&now) {
                    return false;
                }
            }
        }
        true
    }

    /// The peer was sent so many bytes.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
    }

    /// RFC 9113 section 4.1.
    fn frame(&mut self, now: &impl Fn() -> Instant) -> bool {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const CONTINUATION: u8 = 9;
        let [high, middle, low, kind, ..] = self.head;
        self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let asks = matches!(kind, HEADERS | CONTINUATION) || (kind == DATA && self.skip > 0);
        if asks {
            return true;
        }
        self.count += 1;
        if self.count <= self.limit as usize + self.sent / PAID_BY {
            // The first of a period says when it begins.
            self.since.get_or_insert_with(now);
            return true;
        }
        let now = now();
        let is_over = self.since.is_none_or(|since| now >= since + PERIOD);
        (self.since, self.count, self.sent) = (Some(now), 1, 0);
        is_over
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Frames, PAID_BY, PREFACE};

    fn frame(kind: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, 0, 0, 0, 0, 0];
        frame.extend(vec![0; usize::from(length)]);
        frame
    }

    fn begun(limit: u32) -> (Frames, Instant) {
        let mut frames = Frames::new(limit, PREFACE);
        let start = Instant::now();
        assert!(frames.see(&[b'x'; PREFACE], || start));
        (frames, start)
    }

    #[test]
    fn frames_that_ask_for_nothing_are_bounded_by_the_second() {
        const PING: u8 = 6;
        let (mut frames, start) = begun(3);
        for _ in 0..3 {
            assert!(frames.see(&frame(PING, 8), || start));
        }
        let later = start + Duration::from_secs(1);
        assert!(frames.see(&frame(PING, 8), || later));
        for _ in 0..2 {
            assert!(frames.see(&frame(PING, 8), || later));
        }
        assert!(!frames.see(&frame(PING, 8), || later));
    }

    #[test]
    fn requests_and_content_count_for_nothing_and_responses_pay() {
        let (mut frames, start) = begun(1);
        for _ in 0..100 {
            assert!(frames.see(&frame(1, 20), || start));
            assert!(frames.see(&frame(0, 1), || start));
        }
        frames.sent(10 * PAID_BY);
        for _ in 0..11 {
            assert!(frames.see(&frame(8, 4), || start));
        }
        assert!(!frames.see(&frame(0, 0), || start));
    }

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let (mut frames, start) = begun(2);
        let bytes = [
            frame(0, 30),
            frame(4, 0),
            frame(1, 7),
            frame(6, 8),
            frame(6, 8),
        ]
        .concat();
        let seen: Vec<_> = bytes
            .iter()
            .map(|byte| frames.see(&[*byte], || start))
            .collect();
        assert_eq!(seen.iter().position(|fine| !fine), Some(bytes.len() - 9));
    }
}
