//! Many regular expressions, matched in one pass.

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Input, MatchKind};

use super::Pattern;

/// Patterns in an order of precedence, compiled into one automaton.
#[derive(Debug)]
pub struct Patterns {
    patterns: Box<[Pattern]>,
    regex: Regex,
}

impl Patterns {
    /// The most that they may take together, in bytes when compiled: what bounds the time that compiling them takes.
    pub const MAX_SIZE: usize = 2 << 20;

    /// Compiles `patterns`; `None` when they are too large together.
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Option<Self> {
        let patterns: Box<[_]> = patterns.into_iter().collect();
        let anchored = patterns.iter().map(|p| format!("^(?:{})$", p.as_str()));
        let config = Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .nfa_size_limit(Some(Self::MAX_SIZE))
            .which_captures(WhichCaptures::Implicit);
        let anchored: Vec<_> = anchored.collect();
        let regex = Regex::builder().configure(config).build_many(&anchored);
        let regex = regex.ok()?;
        Some(Self { patterns, regex })
    }

    /// The patterns, in their order.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The position of the first pattern that matches the whole of `text`.
    pub fn first_match(&self, text: &str) -> Option<usize> {
        let found = self.regex.search_half(&Input::new(text))?;
        Some(found.pattern().as_usize())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Patterns};

    fn patterns(written: &[&str]) -> Patterns {
        Patterns::new(written.iter().map(|p| Pattern::new(p).unwrap())).unwrap()
    }

    #[test]
    fn the_first_of_several_that_match_is_found() {
        let all = patterns(&["/a", "/a/.*", "/(a|b)/b", "/.*", ".*"]);
        let rows = [
            ("/a", Some(0)),
            ("/a/b", Some(1)),
            ("/b/b", Some(2)),
            ("/ab", Some(3)),
            ("a/a", Some(4)),
            ("", Some(4)),
        ];
        for (text, first) in rows {
            assert_eq!(all.first_match(text), first, "{text:?}");
            let one_by_one = all.patterns().iter().position(|p| p.is_match(text));
            assert_eq!(one_by_one, first, "{text:?}");
        }
        assert_eq!(patterns(&["/a", "/b+"]).first_match("/bc"), None);
    }

    #[test]
    fn what_is_too_large_together_is_not_compiled() {
        let large = Pattern::new(r"/\w+/\w+/\w+/\w+/\w+").unwrap();
        let some = |count| Patterns::new(std::iter::repeat_n(large.clone(), count));
        assert!(some(2).is_some());
        assert!(some(100).is_none());
    }
}
