//! The routes of one host whose paths are regular expressions.

use std::ops::Range;
use std::sync::Arc;

use gateway_resolve::ir::{PathMatch, Pattern, Patterns, Route};

/// Neighbouring routes, in sets of which each is matched in one pass.
#[derive(Debug, Default)]
pub(super) struct Regexes(Box<[Set]>);

#[derive(Debug)]
struct Set {
    routes: Range<usize>,
    /// The patterns and, for each, the first route that has it. Without them, routes are looked at one by one.
    compiled: Option<(Arc<Patterns>, Box<[usize]>)>,
}

/// How many routes are worth more than a look at each.
const MANY: usize = if cfg!(test) { 2 } else { 4 };
/// How large the patterns of a set are, as they are sized by themselves: most of what they may be together.
const SET: usize = Patterns::MAX_SIZE / 2;

impl Regexes {
    /// The regular expressions among `routes`, which are neighbours. What `before` compiled alike is kept.
    pub(super) fn new(routes: &[Route], before: &Self) -> Self {
        let starts_at = routes.iter().position(|route| pattern(route).is_some());
        let of_regex = routes.iter().filter(|route| pattern(route).is_some());
        let Some(mut start) = starts_at else {
            return Self::default();
        };
        let end = start + of_regex.count();
        let mut sets = Vec::new();
        while start < end {
            let length = set_length(&routes[start..end]);
            sets.push(Set::new(routes, start..start + length, before));
            start += length;
        }
        Self(sets.into())
    }

    /// The position of the first route whose pattern matches `path` and which `meets` the rest.
    pub(super) fn find(
        &self,
        routes: &[Route],
        path: &str,
        meets: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.0.iter().find_map(|set| {
            let start = set.first_match(path)?;
            let mut rest = start..set.routes.end;
            rest.find(|at| routes[*at].matches.path.matches(path) && meets(*at))
        })
    }
}

impl Set {
    fn new(all: &[Route], routes: Range<usize>, before: &Regexes) -> Self {
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut first = Vec::new();
        for at in routes.clone() {
            match pattern(&all[at]) {
                Some(pattern) if patterns.last() != Some(pattern) => {
                    patterns.push(pattern.clone());
                    first.push(at);
                }
                _ => {}
            }
        }
        let known = before.0.iter().filter_map(|set| set.compiled.as_ref());
        let mut known = known.map(|(compiled, _)| compiled);
        let compiled = match known.find(|known| known.patterns() == patterns) {
            Some(known) => Some(Arc::clone(known)),
            None if patterns.len() < MANY => None,
            None => Patterns::new(patterns).map(Arc::new),
        };
        Self {
            routes,
            compiled: compiled.map(|compiled| (compiled, first.into())),
        }
    }

    /// Where to begin: no route before it has a pattern that matches.
    fn first_match(&self, path: &str) -> Option<usize> {
        match &self.compiled {
            Some((patterns, first)) => patterns.first_match(path).map(|at| first[at]),
            None => Some(self.routes.start),
        }
    }
}

/// How many of `routes` make a set: at least one.
fn set_length(routes: &[Route]) -> usize {
    let sizes = routes.iter().filter_map(pattern).map(Pattern::size);
    let sums = sizes.scan(0, |sum, size| {
        *sum += size;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= SET).count().max(1)
}

fn pattern(route: &Route) -> Option<&Pattern> {
    match &route.matches.path {
        PathMatch::Regex(pattern) => Some(pattern),
        PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Method(_) => None,
    }
}
