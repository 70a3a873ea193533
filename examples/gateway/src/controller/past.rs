//! What became of the writes to one part of an object so far, and when the next makes sense.

use std::time::Duration;

use tokio::time::Instant;

use super::write::{Fingerprint, Write};

/// How long to wait before a write is repeated: doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// After how long without a repetition all is forgotten.
const CALM: Duration = Duration::from_secs(60);

/// How often another writer undoes a write before that is reported.
const REPORTED: u32 = 3;

/// What became of the writes so far.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// What was last wanted.
    wish: Fingerprint,
    /// What was stored after it was written.
    left: Option<Fingerprint>,
    /// The version that turned out not to be the current one.
    outdated: Option<String>,
    /// How often in a row it failed, or another writer undid it.
    repeated: u32,
    /// When it may be repeated.
    not_before: Option<Instant>,
}

impl Past {
    /// Can the write bring anything? One whose version is outdated fails, and one that left nothing
    /// better than what is stored leaves the same again: a definition that is older than a field
    /// drops it.
    pub(crate) fn admits(&self, write: &Write) -> bool {
        let outdated = self.outdated.is_some() && self.outdated == write.version;
        let futile = self.wish == write.wish && self.left == Some(write.stored);
        !outdated && !futile
    }

    /// When the write may start: at once, unless it is a repetition.
    pub(crate) fn not_before(&self, write: &Write) -> Option<Instant> {
        self.not_before.filter(|_| self.wish == write.wish)
    }

    /// Is the write in trouble?
    pub(crate) fn is_troubled(&self, write: &Write) -> bool {
        self.repeated > 0 && self.wish == write.wish
    }

    /// The write succeeded, and left this. Says how often another writer has undone it, once that is
    /// worth a report.
    pub(crate) fn written(
        &mut self,
        write: &Write,
        left: Fingerprint,
        now: Instant,
    ) -> Option<u32> {
        let again = self.wish == write.wish && self.left.is_some();
        let undone = again && left != write.stored;
        self.next(write, undone, now);
        self.left = Some(left);
        (undone && self.repeated >= REPORTED).then_some(self.repeated)
    }

    /// The write failed.
    pub(crate) fn failed(&mut self, write: &Write, now: Instant) {
        self.next(write, true, now);
        self.left = None;
    }

    /// The version of the write was not the current one: the watch will show another.
    pub(crate) fn outdated(&mut self, write: &Write) {
        self.outdated.clone_from(&write.version);
    }

    fn next(&mut self, write: &Write, repeated: bool, now: Instant) {
        let calm = |at: Instant| now > at + CALM;
        if self.wish != write.wish || !repeated || self.not_before.is_none_or(calm) {
            self.repeated = 0;
        }
        self.wish = write.wish;
        self.repeated += u32::from(repeated);
        self.not_before = repeated.then(|| now + delay(self.repeated));
    }
}

fn delay(repeated: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(repeated.saturating_sub(1));
    BACKOFF.0.saturating_mul(doubled).min(BACKOFF.1)
}
