//! Conditions out of verdicts.

use gateway_model::{Condition, Timestamp};

use crate::problem::Verdict;
use crate::reader::Reader;
use crate::reason::Reason;

/// Builds the conditions of one object, in the order in which they are added.
pub(crate) struct Conditions<'a> {
    /// The conditions that the object has now.
    stored: &'a [Condition],
    generation: i64,
    reader: &'a Reader<'a>,
    built: Vec<Condition>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn new(stored: &'a [Condition], generation: i64, reader: &'a Reader<'a>) -> Self {
        Self {
            stored,
            generation,
            reader,
            built: Vec::new(),
        }
    }

    /// Adds a condition, where there is one.
    pub(crate) fn add_some<R: Reason>(self, verdict: Option<Verdict<R>>) -> Self {
        match verdict {
            Some(verdict) => self.add(verdict),
            None => self,
        }
    }

    pub(crate) fn add<R: Reason>(mut self, verdict: Verdict<R>) -> Self {
        self.built.push(condition(
            self.stored,
            self.generation,
            || self.reader.now(),
            verdict,
        ));
        self
    }

    pub(crate) fn maybe<R: Reason>(self, verdict: Option<Verdict<R>>) -> Self {
        match verdict {
            Some(verdict) => self.add(verdict),
            None => self,
        }
    }

    pub(crate) fn build(self) -> Vec<Condition> {
        self.built
    }
}

/// A condition. Its time is `now`, to the second, unless `stored` already has that type with that status: then
/// nothing has changed since.
pub(crate) fn condition<R: Reason>(
    stored: &[Condition],
    generation: i64,
    now: impl FnOnce() -> Timestamp,
    verdict: Verdict<R>,
) -> Condition {
    let Verdict { reason, message } = verdict;
    let status = reason.status();
    let before = stored
        .iter()
        .find(|condition| condition.type_ == R::CONDITION && condition.status == status);
    Condition {
        type_: R::CONDITION.to_owned(),
        status,
        observed_generation: generation,
        last_transition_time: before.map_or_else(
            || whole_second(now()),
            |condition| condition.last_transition_time,
        ),
        reason: reason.as_str().to_owned(),
        message: fitting(message),
    }
}

/// The time as an API server stores it, without fractions (`metav1.Time`).
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// How many characters the API server takes in a message.
const MAX_MESSAGE: usize = 32_768;

/// The message, cut off where it is longer than the API server takes.
fn fitting(mut message: String) -> String {
    const CUT: &str = "...";
    if message.len() > MAX_MESSAGE {
        let mut end = MAX_MESSAGE - CUT.len();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str(CUT);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::{MAX_MESSAGE, fitting};

    /// `metav1.Condition`, `message`: `maxLength: 32768`.
    #[test]
    fn messages_are_no_longer_than_the_api_server_takes() {
        let longest = "a".repeat(MAX_MESSAGE);
        assert_eq!(fitting(longest.clone()), longest);
        let cut = fitting(format!("{}\u{fc}\u{fc}\u{fc}", &longest[..MAX_MESSAGE - 4]));
        assert_eq!(cut, format!("{}...", &longest[..MAX_MESSAGE - 4]));
    }
}
