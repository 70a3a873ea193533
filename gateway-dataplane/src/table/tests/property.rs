//! The compiled table answers as the specification's words do.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use gateway_model::{HeaderName, Method, Timestamp};
use gateway_resolve::ir::{
    HeaderMatch, Listener, Match, PathMatch, Pattern, QueryMatch, Route, ValueMatch, VirtualHost,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::{Miss, Verdict};
use super::naive::{self, Request};
use super::{forwarding, hostname, http, https, socket, with_hosts};

const NAMES: [&str; 7] = ["", "c", "b.c", "a.b.c", "*.c", "*.b.c", "*.a.b.c"];
pub(super) const HOSTS: [&str; 9] = [
    "", "c", "b.c", "B.c", "a.b.c", "x.b.c", "x.a.b.c", ".b.c", "d",
];
const PATHS: [&str; 12] = [
    "/", "/a", "/a/", "/b", "/ab", "/a/b", "/a/b/", "/b/b", "/a/b/c", "/a//b", "//a", "/c",
];
const NUMBERS: [&str; 3] = ["1", "2", "3"];

/// The patterns, each compiled once.
static PATTERNS: LazyLock<[Pattern; 4]> =
    LazyLock::new(|| [".*", "/a.*", "/(a|b)/b", "[12]"].map(|p| Pattern::new(p).unwrap()));

fn pattern(at: usize) -> Pattern {
    PATTERNS[at].clone()
}

fn path() -> impl Strategy<Value = PathMatch> {
    prop_oneof![
        3 => select(&PATHS[..]).prop_map(|path| PathMatch::Exact(path.into())),
        4 => select(&["/", "/a", "/b", "/a/b", "/a/b/c", "/a//b"][..]).prop_map(PathMatch::prefix),
        1 => (0..3_usize).prop_map(|at| PathMatch::Regex(pattern(at))),
        1 => select(&["b", "c"][..]).prop_map(|method| PathMatch::Method(method.into())),
    ]
}

fn value() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![
        select(&["1", "2", "1,2"][..]).prop_map(|value| ValueMatch::Exact(value.into())),
        select(vec![0, 3]).prop_map(|at| ValueMatch::Regex(pattern(at))),
    ]
}

/// Conditions on some of two names.
fn conditions() -> impl Strategy<Value = Vec<(&'static str, ValueMatch)>> {
    (0..=2_usize, vec(value(), 2), any::<bool>()).prop_map(|(count, values, swapped)| {
        let names = if swapped { ["y", "x"] } else { ["x", "y"] };
        names.into_iter().zip(values).take(count).collect()
    })
}

fn method() -> impl Strategy<Value = Option<Method>> {
    let some = select(vec![http::Method::GET, http::Method::PUT]);
    proptest::option::weighted(0.3, some.prop_map(Method::from))
}

fn a_match() -> impl Strategy<Value = Match> {
    let sometimes = || prop_oneof![2 => Just(vec![]), 1 => conditions()];
    (path(), method(), sometimes(), sometimes()).prop_map(|(path, method, headers, query)| {
        let header = |(name, value)| HeaderMatch {
            name: HeaderName::new(name).unwrap(),
            value,
        };
        let parameter = |(name, value): (&str, _)| QueryMatch {
            name: name.into(),
            value,
        };
        Match {
            path,
            method,
            headers: headers.into_iter().map(header).collect(),
            query: query.into_iter().map(parameter).collect(),
        }
    })
}

/// The routes of one HTTPRoute: one for each match of each of its rules.
fn resource() -> impl Strategy<Value = Vec<Route>> {
    let rules = vec(vec(a_match(), 1..4), 1..4);
    let created = proptest::option::of(0..3_i64);
    (select(&["r", "s", "t", "u"][..]), created, rules).prop_map(|(name, created, rules)| {
        let created = created.map(|second| Timestamp::from_second(second).unwrap());
        let rules = rules.into_iter().enumerate();
        let routes = rules.flat_map(|(index, matches)| {
            let mut rule = forwarding(name);
            rule.source.created = created;
            rule.source.id.index = index;
            let rule = Arc::new(rule);
            let matches = matches.into_iter().enumerate();
            matches.map(move |(match_index, matches)| Route {
                matches,
                match_index,
                rule: Arc::clone(&rule),
            })
        });
        routes.collect()
    })
}

/// Hosts of different names, each with the routes of some HTTPRoutes of different names.
fn hosts() -> impl Strategy<Value = Vec<VirtualHost>> {
    let names = subsequence(&NAMES[..], 1..5);
    (names, vec(vec(resource(), 0..4), 5)).prop_map(|(names, resources)| {
        let mut hosts = names
            .into_iter()
            .zip(resources)
            .map(|(name, resources)| {
                let named =
                    |routes: Vec<Route>| (routes[0].rule.source.id.route.name.clone(), routes);
                let resources = resources.into_iter().map(named).collect::<BTreeMap<_, _>>();
                let routes = resources.into_values().flatten().collect();
                VirtualHost::new(hostname(name), routes)
            })
            .collect::<Vec<_>>();
        hosts.sort_by_key(|host| (host.hostname.is_none(), host.hostname.clone()));
        hosts
    })
}

pub(super) fn listeners() -> impl Strategy<Value = Vec<Arc<Listener>>> {
    let names = subsequence(&NAMES[..], 1..4).prop_shuffle();
    (names, vec(hosts(), 3), any::<bool>()).prop_map(|(names, hosts, tls)| {
        let stack = if tls { https() } else { http() };
        let listeners = names.into_iter().zip(hosts);
        listeners
            .map(|(name, hosts)| with_hosts(&stack, name, hosts))
            .collect()
    })
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let pair = (select(&["x", "y", "z"][..]), select(&NUMBERS[..]));
    vec(
        pair.prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
        0..4,
    )
}

pub(super) fn request() -> impl Strategy<Value = Request> {
    let methods = vec![http::Method::GET, http::Method::PUT, http::Method::POST];
    let heads = (select(&HOSTS[..]), select(&PATHS[..]), select(methods));
    (heads, pairs(), pairs()).prop_map(|((host, path, method), query, headers)| Request {
        host: host.to_owned(),
        method,
        path: path.to_owned(),
        query,
        headers,
    })
}

/// What the specification says: a listener and a route, or why there is none.
fn expected<'a>(
    listeners: &'a [Arc<Listener>],
    request: &Request,
    sni: Option<&str>,
) -> Result<(&'a Listener, &'a Route), Miss> {
    let best = naive::listener(listeners, &request.host).ok_or(Miss::NoListener)?;
    let connected = naive::listener(listeners, sni.unwrap_or_default());
    if best.stack.begins_with_tls() && connected.map(|l| &l.id) != Some(&best.id) {
        return Err(Miss::Misdirected);
    }
    let route = naive::find(best, request).ok_or_else(|| naive::miss(best, &request.host))?;
    Ok((best, route))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_equals_naive(
        listeners in listeners(),
        requests in vec((request(), proptest::option::of(select(&HOSTS[..]))), 1..20),
    ) {
        let socket = socket(listeners.clone());
        for (request, sni) in &requests {
            let (headers, query) = (request.headers(), request.query());
            let head = request.head(&headers, query.as_deref());
            let found = socket.find(&head, *sni).map(|hit| (&**hit.listener.ir(), hit.route));
            prop_assert_eq!(found, expected(&listeners, request, *sni));
        }
    }

    #[test]
    fn explanations_agree_with_what_is_served(
        listeners in listeners(),
        request in request(),
        sni in proptest::option::of(select(&HOSTS[..])),
    ) {
        let socket = socket(listeners.clone());
        let (headers, query) = (request.headers(), request.query());
        let head = request.head(&headers, query.as_deref());
        let explanation = socket.explain(&head, sni);
        let all = listeners.iter().flat_map(|l| l.hosts()).map(|host| host.routes.len());
        prop_assert_eq!(explanation.candidates.len(), all.sum::<usize>());
        let expected = expected(&listeners, &request, sni);
        let chosen = explanation.chosen().map(|c| (&*c.rule, c.match_index));
        prop_assert_eq!(chosen, expected.ok().map(|(_, route)| (&*route.rule, route.match_index)));
        let in_play = |c: &&_| matches!(c, Verdict::Chosen | Verdict::Outranked);
        let in_play = explanation.candidates.iter().map(|c| &c.verdict).filter(in_play).count();
        let matching = expected.map_or(0, |(listener, _)| naive::matching(listener, &request).len());
        prop_assert_eq!(in_play, matching);
    }
}
