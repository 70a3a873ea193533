//! Regular expressions of routes.

use std::fmt;
use std::sync::Arc;

use gateway_model::Invalid;
use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use serde::{Deserialize, Serialize};

/// A regular expression, anchored at both ends and compiled once; clones share it.
///
/// The syntax is that of the `regex` crate (RE2-like: no look-around). The time of a match is at worst
/// that of one step for each byte of the text and each state of the pattern, of which there is one for
/// some fifty bytes of its [size](Self::size).
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Arc<Compiled>);

struct Compiled {
    written: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// The largest pattern, in bytes when compiled. `\w` of Unicode takes some 60,000 of them.
    pub const MAX_SIZE: usize = 512 << 10;

    /// Compiles `^(?:written)$`.
    ///
    /// # Errors
    /// Syntax errors, and patterns that are larger than [`MAX_SIZE`](Self::MAX_SIZE).
    pub fn new(written: &str) -> Result<Self, Invalid> {
        if may_close_what_it_did_not_open(written) {
            syntax::parse(written).map_err(|_| Invalid::new(SYNTAX, written))?;
        }
        let regex = compile(&format!("^(?:{written})$"));
        let regex = regex.map_err(|expected| Invalid::new(expected, written))?;
        let written = written.into();
        Ok(Self(Arc::new(Compiled { written, regex })))
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0.written
    }

    /// How many bytes it takes, compiled.
    pub fn size(&self) -> usize {
        self.0.regex.memory_usage()
    }

    /// Has it clones that are in use?
    #[cfg(feature = "resolve")]
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Does the pattern match the whole of `text`?
    pub fn is_match(&self, text: &str) -> bool {
        self.0.regex.is_match(text)
    }
}

/// What a pattern has to be.
const SYNTAX: &str = "a regular expression (RE2 syntax)";
const SIZE: &str = "a regular expression of at most 512 KiB when compiled";

/// Compiles `pattern`, or says what was expected of it. It ends as soon as the limit is passed.
fn compile(pattern: &str) -> Result<Regex, &'static str> {
    let config = Config::new()
        .nfa_size_limit(Some(Pattern::MAX_SIZE))
        .which_captures(WhichCaptures::None);
    match Regex::builder().configure(config).build(pattern) {
        Ok(regex) if regex.memory_usage() <= Pattern::MAX_SIZE => Ok(regex),
        Err(error) if error.syntax_error().is_some() => Err(SYNTAX),
        Ok(_) | Err(_) => Err(SIZE),
    }
}

/// Could the text be no pattern by itself, and yet be one inside of a group, as `a)|(b` is?
fn may_close_what_it_did_not_open(written: &str) -> bool {
    matches!((written.find(')'), written.rfind('(')), (Some(close), Some(open)) if close < open)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl TryFrom<String> for Pattern {
    type Error = Invalid;

    fn try_from(written: String) -> Result<Self, Invalid> {
        Self::new(&written)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.as_str().to_owned()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use super::Pattern;

    #[test]
    fn a_pattern_has_to_match_the_whole_text() {
        let pattern = Pattern::new("/a|/ab").unwrap();
        assert!(pattern.is_match("/ab"));
        assert!(!pattern.is_match("/abc"));
        assert!(!pattern.is_match("x/a"));
    }

    #[test]
    fn a_pattern_cannot_leave_its_anchors() {
        for bad in ["/a)|(/b", "[(]/a)|(/b", "/a)(?:/b", ")(", "/(a"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
        let groups = Pattern::new("(/a)|(/b)").unwrap();
        assert!(groups.is_match("/b"));
        assert!(!groups.is_match("/a/b"));
    }

    #[test]
    fn a_pattern_that_is_large_when_compiled_is_refused_as_such() {
        let large = Pattern::new(r"/\w{1,63}").unwrap_err().to_string();
        assert_eq!(Pattern::MAX_SIZE, 512 * 1024);
        assert!(large.contains("at most 512 KiB"), "{large}");
        assert!(Pattern::new("/[a-z0-9-]{1,63}/v[0-9]+").unwrap().size() < 32 << 10);
        assert!(Pattern::new(r"/\w+/\w+/\w+/\w+/\w+/\w+").is_ok());
    }

    /// Patterns that are hard on engines of one kind or another, each as large as may be.
    fn hard() -> Vec<Pattern> {
        let largest = |written: fn(usize) -> String| {
            let sizes = (1..).map(|step| Pattern::new(&written(step * 8)));
            sizes.map_while(Result::ok).last()
        };
        let grown: [fn(usize) -> String; 5] = [
            // Exponential for those who backtrack.
            |n| format!("(?:a?){{{n}}}a{{{n}}}"),
            |n| format!("(?:(?:a|aa)+b?){{{n}}}c"),
            // Exponential for those who make it deterministic.
            |n| format!("[ab]*a[ab]{{{n}}}"),
            |n| format!("(?:.*a){{{n}}}x"),
            |n| format!("(?:[a-z]*[0-9a-f]?){{{n}}}/"),
        ];
        grown.into_iter().filter_map(largest).collect()
    }

    /// RE2's promise, on which the bound of what a request can cost stands.
    #[test]
    fn a_match_takes_one_step_for_each_byte_and_state_at_worst() {
        let text = "ab".repeat(2 << 10);
        for pattern in hard() {
            let states = pattern.size() / 50;
            let start = Instant::now();
            black_box(pattern.is_match(&text));
            let took = start.elapsed();
            let start = Instant::now();
            let mut steps = vec![0_u8; states];
            for byte in text.bytes() {
                for state in black_box(&mut steps) {
                    *state = black_box(state.wrapping_mul(31).wrapping_add(byte));
                }
            }
            let bound = start.elapsed();
            let written = pattern.as_str();
            assert!(
                took < bound,
                "{written}: {took:?}, {states} states, {bound:?}"
            );
        }
    }
}
