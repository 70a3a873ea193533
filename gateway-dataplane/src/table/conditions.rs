//! Routes of one path, by what else they ask for.

use gateway_model::HeaderName;
use gateway_resolve::ir::{Match, Route, ValueMatch};
use hashbrown::HashMap;

use super::Head;
use super::check::{check_beyond_path, header_value, parameter_value};

/// Finds the first of neighbouring routes that takes a request without a look at each: a route is found by one exact
/// value that it asks for.
#[derive(Debug)]
pub(super) struct Conditions {
    /// What is asked about, and the routes by the value that they want.
    by: Vec<(Asked, ByValue)>,
    /// Those that are looked at one by one.
    others: Vec<u32>,
}

/// Routes by the value that they want.
type ByValue = HashMap<Box<str>, Vec<u32>>;

/// What a route asks about.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Header(HeaderName),
    Parameter(Box<str>),
    Method,
}

/// How many routes of one path are worth more than a look at each.
pub(super) const MANY: usize = if cfg!(test) { 2 } else { 8 };
/// How many things a request is asked about. Routes that ask about others are looked at one by one.
const MOST: usize = 16;

impl Conditions {
    /// An index over `routes`; `start` is the position of the first.
    pub(super) fn new(routes: &[Route], start: u32) -> Self {
        let mut index = Self {
            by: Vec::new(),
            others: Vec::new(),
        };
        for (route, position) in routes.iter().zip(start..) {
            let told_apart = exact(&route.matches);
            match told_apart.and_then(|(asked, value)| Some((index.slot(asked)?, value))) {
                Some((slot, value)) => {
                    let routes = index.by[slot].1.entry(value.into());
                    routes.or_default().push(position);
                }
                None => index.others.push(position),
            }
        }
        index
    }

    /// Where the routes are that ask about this, if there is room.
    fn slot(&mut self, asked: Asked) -> Option<usize> {
        if let Some(known) = self.by.iter().position(|(known, _)| *known == asked) {
            return Some(known);
        }
        if self.by.len() == MOST {
            return None;
        }
        self.by.push((asked, HashMap::new()));
        Some(self.by.len() - 1)
    }

    /// The position of the first of the routes that takes the request; the path matches already.
    pub(super) fn find(&self, routes: &[Route], head: &Head<'_>) -> Option<usize> {
        let found = self
            .by
            .iter()
            .filter_map(|(asked, routes)| asked.look(head, routes));
        let lists = found.chain([&*self.others]);
        let first = lists.fold(u32::MAX, |first, list| {
            let mut better = list.iter().take_while(|position| **position < first);
            let takes = |at: &&u32| check_beyond_path(&routes[**at as usize].matches, head).is_ok();
            better.find(takes).copied().unwrap_or(first)
        });
        (first != u32::MAX).then_some(first as usize)
    }
}

impl Asked {
    /// The routes that want the value which the request has.
    fn look<'r>(
        &self,
        head: &Head<'_>,
        routes: &'r HashMap<Box<str>, Vec<u32>>,
    ) -> Option<&'r [u32]> {
        let found = match self {
            Self::Header(name) => routes.get(&*header_value(name, head.headers)?),
            Self::Parameter(name) => routes.get(&*parameter_value(name, head.query)?),
            Self::Method => routes.get(head.method.as_str()),
        };
        found.map(|found| &**found)
    }
}

/// An exact value that a route wants: a header's or a parameter's, which tell more routes apart, before the method.
fn exact(matches: &Match) -> Option<(Asked, &str)> {
    let header = matches
        .headers
        .iter()
        .find_map(|header| Some((Asked::Header(header.name.clone()), literal(&header.value)?)));
    let parameter = || {
        let mut parameters = matches.query.iter();
        parameters.find_map(|q| Some((Asked::Parameter(q.name.clone()), literal(&q.value)?)))
    };
    let method = || Some((Asked::Method, matches.method.as_ref()?.as_http().as_str()));
    header.or_else(parameter).or_else(method)
}

fn literal(value: &ValueMatch) -> Option<&str> {
    match value {
        ValueMatch::Exact(exact) => Some(exact),
        ValueMatch::Regex(_) => None,
    }
}
