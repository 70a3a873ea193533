//! GEP-2257 durations.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A span of time in whole milliseconds, written as `1h30m`, `500ms` or `0s` (GEP-2257).
///
/// One to four groups of one to five digits and a unit out of `h`, `m`, `s`, `ms`.
/// Two spellings of the same span are equal; the spelling is kept for serialisation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration {
    written: Box<str>,
    millis: u64,
}

impl Duration {
    /// Parses a span.
    ///
    /// # Errors
    /// Anything that `^([0-9]{1,5}(h|m|s|ms)){1,4}$` does not match.
    pub fn new(written: &str) -> Result<Self, Invalid> {
        match parse(written) {
            Some(millis) => Ok(Self {
                written: written.into(),
                millis,
            }),
            None => Err(Invalid::new(
                "a duration such as \"1h30m\" or \"500ms\"",
                written,
            )),
        }
    }

    /// The span in milliseconds.
    pub fn as_millis(&self) -> u64 {
        self.millis
    }

    /// The span as the standard library has it.
    pub fn to_std(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.millis)
    }

    /// Is it zero? Zero disables a timeout.
    pub fn is_zero(&self) -> bool {
        self.millis == 0
    }
}

fn parse(mut rest: &str) -> Option<u64> {
    let mut millis = 0;
    for _group in 0..4 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=5).contains(&digits) {
            return None;
        }
        let (number, tail) = rest.split_at(digits);
        let (unit, tail) = split_unit(tail)?;
        millis += number.parse::<u64>().ok()? * unit;
        rest = tail;
        if rest.is_empty() {
            return Some(millis);
        }
    }
    None
}

/// The milliseconds in the unit that `text` starts with, and what follows it.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    units
        .into_iter()
        .find_map(|(unit, millis)| Some((millis, text.strip_prefix(unit)?)))
}

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.millis == other.millis
    }
}

impl Eq for Duration {}

impl std::hash::Hash for Duration {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.millis.hash(state);
    }
}

impl PartialOrd for Duration {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Duration {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.millis.cmp(&other.millis)
    }
}

impl TryFrom<String> for Duration {
    type Error = Invalid;

    fn try_from(written: String) -> Result<Self, Invalid> {
        Self::new(&written)
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.written.into()
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn spans_add_up_their_groups() {
        for (written, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("1h30m", 5_400_000),
            ("1m1s1ms", 61_001),
            ("1s1s", 2_000),
        ] {
            assert_eq!(
                Duration::new(written).unwrap().as_millis(),
                millis,
                "{written}"
            );
        }
    }

    #[test]
    fn spans_outside_gep_2257_are_refused() {
        for bad in [
            "",
            "1",
            "s",
            "1.5s",
            "-1s",
            "123456s",
            "1d",
            "1s1s1s1s1s",
            "1 s",
            "1us",
        ] {
            assert!(Duration::new(bad).is_err(), "{bad:?}");
        }
    }
}
