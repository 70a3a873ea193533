//! The regular expressions of routes: compiled once, and bounded by route.

use std::cell::RefCell;
use std::collections::HashMap;

use gateway_model::Invalid;

use crate::ir::Pattern;

/// What the patterns of one route may take together, in bytes when compiled: a request may have to try
/// each of them.
const MAX_OF_ROUTE: usize = 1 << 20;

/// Patterns by their text, refused ones included.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: RefCell<HashMap<Box<str>, Result<Pattern, Invalid>>>,
    /// How many there were when those were forgotten that nobody used.
    used: usize,
}

/// So many patterns are kept whether or not they are used.
const KEPT: usize = 1024;

impl Patterns {
    /// The patterns of one route.
    pub(crate) fn of_route(&self) -> RoutePatterns<'_> {
        RoutePatterns {
            known: self,
            left: MAX_OF_ROUTE,
        }
    }

    /// Forgets those that no route has any more, once they may be most.
    pub(crate) fn forget_unused(&mut self) {
        let known = self.known.get_mut();
        if known.len() > KEPT + 2 * self.used {
            known.retain(|_, outcome| outcome.as_ref().is_ok_and(Pattern::is_shared));
            self.used = known.len();
        }
    }

    fn get(&self, written: &str) -> Result<Pattern, Invalid> {
        let mut known = self.known.borrow_mut();
        if let Some(outcome) = known.get(written) {
            return outcome.clone();
        }
        let outcome = Pattern::new(written);
        known.insert(written.into(), outcome.clone());
        outcome
    }
}

/// The patterns of one route, as far as its share reaches.
#[derive(Debug)]
pub(crate) struct RoutePatterns<'a> {
    known: &'a Patterns,
    left: usize,
}

impl RoutePatterns<'_> {
    /// The pattern of that text.
    pub(crate) fn get(&mut self, written: &str) -> Result<Pattern, Invalid> {
        let pattern = self.known.get(written)?;
        self.left = self.left.checked_sub(pattern.size()).ok_or_else(|| {
            let expected = "regular expressions of at most 1 MiB a route when compiled";
            Invalid::new(expected, written)
        })?;
        Ok(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn a_pattern_is_compiled_once_whether_or_not_it_can_be_used() {
        let patterns = Patterns::default();
        for written in ["/a+", "/(", r"/\w{1,63}"] {
            let (first, second) = (patterns.get(written), patterns.get(written));
            assert_eq!(first, second);
        }
        assert_eq!(patterns.known.borrow().len(), 3);
    }

    /// Every pattern of a route may be tried for one request, so that their sum bounds its cost.
    #[test]
    fn the_patterns_of_a_route_share_a_bound() {
        let patterns = Patterns::default();
        let mut route = patterns.of_route();
        let large = |number| format!("/{number}/[ab]{{5000}}");
        let fitting = (0..100).take_while(|number| route.get(&large(*number)).is_ok());
        assert_eq!(fitting.count(), 4);
        assert!(route.get("/small").is_ok(), "what fits is still taken");
        assert!(patterns.of_route().get(&large(9)).is_ok(), "another route");
    }
}
