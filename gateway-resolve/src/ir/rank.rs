//! The specification's precedence, as the field order of a type that derives `Ord`.

use std::cmp::{Ordering, Reverse};

use gateway_model::{ObjectRef, Timestamp};

use super::{PathMatch, Route};

/// The place of a route among those of its host: the smallest goes first (HTTPRoute precedence).
///
/// Hosts are ranked before routes, by the order of the listener's hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    path: PathRank,
    method: Reverse<bool>,
    headers: Reverse<usize>,
    query: Reverse<usize>,
    age: Option<Timestamp>,
    route: ByText,
    rule: usize,
    match_index: usize,
}

/// An exact path, then a regular expression (where the specification leaves the choice), then the
/// longest prefix, then the longest method (GRPCRoute: the characters of the service go before those of the
/// method), then what matches every path. Among exact paths, methods, and prefixes of one length, the spelling
/// keeps equal ones together; two different ones never match the same request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PathRank {
    Exact(Box<str>),
    Regex,
    Prefix(Reverse<usize>, Box<str>),
    Method(Reverse<usize>, Box<str>),
    Any,
}

/// A route in alphabetical order by `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ByText(ObjectRef);

impl Ord for ByText {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_text = self.0.cmp_by_text(&other.0);
        by_text.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for ByText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rank {
    /// The rank of `route`.
    pub fn of(route: &Route) -> Self {
        let path = match &route.matches.path {
            PathMatch::Exact(path) => PathRank::Exact(path.clone()),
            PathMatch::Regex(_) => PathRank::Regex,
            PathMatch::Method(name) => PathRank::Method(Reverse(name.len()), name.clone()),
            PathMatch::Prefix(path) if &**path == "/" => PathRank::Any,
            PathMatch::Prefix(path) => PathRank::Prefix(Reverse(path.len()), path.clone()),
        };
        let rule = &route.rule;
        // A rule that was delegated to has the place of the one that is attached to the listener.
        let placed = rule.chain.first().unwrap_or(&rule.source);
        Self {
            path,
            method: Reverse(route.matches.method.is_some()),
            headers: Reverse(route.matches.headers.len()),
            query: Reverse(route.matches.query.len()),
            age: placed.created,
            route: ByText(placed.id.route.clone()),
            rule: placed.id.index,
            match_index: route.match_index,
        }
    }
}
