//! The routes of one host, by path.

use std::hash::BuildHasher;
use std::ops::Range;

use gateway_resolve::ir::{PathMatch, Route, method_of};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::Head;
use super::check::check_beyond_path;
use super::conditions::{self, Conditions};
use super::regexes::Regexes;

/// Finds the first route of a list, sorted by rank, that matches a request.
///
/// Sorting puts exact paths before regular expressions before prefixes before methods before what matches every
/// path, the longer before the shorter, and routes of equal path side by side. So a path leads to a group of neighbours, and
/// groups are looked at in the order of their ranks. The paths themselves stay in the IR.
#[derive(Debug, Default)]
pub(super) struct RouteIndex {
    hasher: DefaultHashBuilder,
    exact: HashTable<Group>,
    regexes: Regexes,
    prefixes: HashTable<Group>,
    /// Which lengths of prefixes there are; see [`length_bit`].
    lengths: u64,
    /// By the method of gRPC.
    methods: HashTable<Group>,
    /// The prefix `/`, which matches every path.
    root: Option<Group>,
    /// The larger groups of one path, by their start.
    conditions: HashMap<u32, Conditions>,
}

/// Neighbouring routes, from `start` up to but not including `end`.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: u32,
    end: u32,
}

impl Group {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl RouteIndex {
    /// An index over `routes`, fewer than 2^32. `before` is one over what they were before.
    pub(super) fn new(routes: &[Route], before: Option<&Self>) -> Self {
        let mut index = Self::default();
        let none = Regexes::default();
        let before = before.map_or(&none, |before| &before.regexes);
        index.regexes = Regexes::new(routes, before);
        let mut end = 0;
        for group in routes.chunk_by(|a, b| same_group(&a.matches.path, &b.matches.path)) {
            let start = end;
            end += u32::try_from(group.len()).unwrap_or(u32::MAX);
            let path = &group[0].matches.path;
            if group.len() >= conditions::MANY && !matches!(path, PathMatch::Regex(_)) {
                index
                    .conditions
                    .insert(start, Conditions::new(group, start));
            }
            index.insert(path, Group { start, end }, routes);
        }
        index
    }

    fn insert(&mut self, path: &PathMatch, group: Group, routes: &[Route]) {
        let hasher = &self.hasher;
        let rehash = |group: &Group| hasher.hash_one(text(routes, *group));
        match path {
            PathMatch::Regex(_) => {}
            PathMatch::Prefix(root) if &**root == "/" => self.root = Some(group),
            PathMatch::Method(method) => {
                self.methods
                    .insert_unique(hasher.hash_one(&**method), group, rehash);
            }
            PathMatch::Exact(path) => {
                self.exact
                    .insert_unique(hasher.hash_one(&**path), group, rehash);
            }
            PathMatch::Prefix(prefix) => {
                self.lengths |= length_bit(prefix);
                self.prefixes
                    .insert_unique(hasher.hash_one(&**prefix), group, rehash);
            }
        }
    }

    /// The position of the first of `routes`, those that the index was made for, that matches.
    pub(super) fn find(&self, routes: &[Route], head: &Head<'_>) -> Option<usize> {
        let meets = |at: usize| check_beyond_path(&routes[at].matches, head).is_ok();
        self.find_in(routes, head.path, meets, |group| {
            match self.conditions.get(&group.start) {
                Some(conditions) => conditions.find(routes, head),
                None => group.range().find(|at| meets(*at)),
            }
        })
    }

    /// The position of the first of `routes` whose path matches and which `meets` the rest.
    pub(super) fn find_where(
        &self,
        routes: &[Route],
        path: &str,
        meets: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.find_in(routes, path, &meets, |group| {
            group.range().find(|at| meets(*at))
        })
    }

    /// The same; `first` finds the first route of a group of one path.
    fn find_in(
        &self,
        routes: &[Route],
        path: &str,
        meets: impl Fn(usize) -> bool,
        first: impl Fn(Group) -> Option<usize>,
    ) -> Option<usize> {
        self.lookup(&self.exact, routes, path)
            .and_then(&first)
            .or_else(|| self.regexes.find(routes, path, meets))
            .or_else(|| self.find_prefix(routes, path, &first))
            .or_else(|| {
                self.lookup(&self.methods, routes, method_of(path)?)
                    .and_then(&first)
            })
            .or_else(|| first(self.root?))
    }

    /// The first answer of `visit` over the groups of the prefixes of `path`, the longest first,
    /// without the root.
    fn find_prefix(
        &self,
        routes: &[Route],
        path: &str,
        mut visit: impl FnMut(Group) -> Option<usize>,
    ) -> Option<usize> {
        let mut look = |prefix: &str| match self.lengths & length_bit(prefix) {
            0 => None,
            _ => visit(self.lookup(&self.prefixes, routes, prefix)?),
        };
        if self.lengths == 0 {
            return None;
        }
        let slashes = || path.rmatch_indices('/').map(|(slash, _)| slash);
        look(path).or_else(|| slashes().find_map(|slash| look(&path[..slash])))
    }

    fn lookup(&self, table: &HashTable<Group>, routes: &[Route], path: &str) -> Option<Group> {
        if table.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one(path);
        table
            .find(hash, |group| text(routes, *group) == path)
            .copied()
    }
}

/// Bit `n` for a text of `n` bytes; bit 63 for 63 bytes and more.
fn length_bit(text: &str) -> u64 {
    1 << text.len().min(63)
}

fn same_group(a: &PathMatch, b: &PathMatch) -> bool {
    match (a, b) {
        (PathMatch::Exact(a), PathMatch::Exact(b)) => a == b,
        (PathMatch::Prefix(a), PathMatch::Prefix(b)) => a == b,
        (PathMatch::Method(a), PathMatch::Method(b)) => a == b,
        (PathMatch::Regex(_), PathMatch::Regex(_)) => true,
        (
            PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Method(_) | PathMatch::Regex(_),
            _,
        ) => false,
    }
}

/// The path that the routes of `group` have in common.
fn text(routes: &[Route], group: Group) -> &str {
    match &routes[group.start as usize].matches.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) | PathMatch::Method(path) => path,
        PathMatch::Regex(pattern) => pattern.as_str(),
    }
}
