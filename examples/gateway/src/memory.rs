//! Memory that is no longer needed.

use std::time::Duration;

use tokio::task::spawn_blocking;

/// Gives memory that was freed back to the system.
///
/// Reading and resolving manifests takes several times the memory that serving them does, and glibc
/// keeps what was freed between pieces that live on: of 10,000 routes, half of the resident memory.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "no safe interface exists; without it resident memory doubles"
    )]
    // SAFETY: may be called at any time, from any thread; takes no pointer.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// How often it is looked at how much memory there is.
const PERIOD: Duration = Duration::from_secs(5);
/// Bytes beyond the least that was ever needed that are worth giving back.
const WORTH: usize = 8 << 20;
/// Periods until the next try, at most, while tries do not help: what there is is needed.
const LONGEST: u32 = 120;

/// Gives memory back after each peak of traffic, from now on.
pub(crate) fn watch() {
    tokio::spawn(async {
        let Some(now) = resident() else { return };
        let mut pace = Pace::from(now);
        loop {
            tokio::time::sleep(PERIOD).await;
            let Some(before) = resident().filter(|resident| pace.is_due(*resident)) else {
                continue;
            };
            let Ok(Some(after)) = spawn_blocking(|| {
                give_back();
                resident()
            })
            .await
            else {
                continue;
            };
            pace.tried(after);
            tracing::debug!(before, after, "memory that is not needed was given back");
        }
    });
}

/// When to try.
struct Pace {
    /// The least that was ever resident.
    least: usize,
    /// What was resident after the last try.
    after: usize,
    /// Periods from the last try to the next.
    wait: u32,
    /// Of these, what is left.
    left: u32,
}

impl Pace {
    fn from(resident: usize) -> Self {
        Self {
            least: resident,
            after: resident,
            wait: 1,
            left: 1,
        }
    }

    /// A period is over.
    fn is_due(&mut self, resident: usize) -> bool {
        self.least = self.least.min(resident);
        if resident > self.after + WORTH {
            (self.wait, self.left) = (1, 1);
        }
        if resident < self.least + WORTH {
            return false;
        }
        self.left -= 1;
        self.left == 0
    }

    fn tried(&mut self, after: usize) {
        self.after = after;
        self.wait = (2 * self.wait).min(LONGEST);
        self.left = self.wait;
    }
}

/// Bytes of memory that this process has, where the system tells.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Pace};

    const MIB: usize = 1 << 20;

    #[test]
    fn a_peak_is_followed_by_a_try_and_a_lasting_one_by_few() {
        let mut pace = Pace::from(20 * MIB);
        assert!(!pace.is_due(27 * MIB), "not worth it");
        assert!(pace.is_due(60 * MIB));
        pace.tried(60 * MIB);
        let mut tries = 0;
        for _ in 0..1_000 {
            if pace.is_due(60 * MIB) {
                tries += 1;
                pace.tried(60 * MIB);
            }
        }
        assert_eq!(tries, 6 + 1_000 / LONGEST - 1);
        assert!(pace.is_due(90 * MIB), "another peak");
    }
}
