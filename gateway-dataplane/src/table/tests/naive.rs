//! A matcher in the words of the specification, to hold the compiled table against.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{Listener, Match, PathMatch, Route, ValueMatch};

use super::super::{Head, Miss};

/// A request, in pieces.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) host: String,
    pub(super) method: http::Method,
    pub(super) path: String,
    /// Names and values, decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn headers(&self) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &self.headers {
            let name = http::HeaderName::try_from(name).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    pub(super) fn query(&self) -> Option<String> {
        let pairs = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let pairs = pairs.collect::<Vec<_>>();
        (!pairs.is_empty()).then(|| pairs.join("&"))
    }

    pub(super) fn head<'a>(
        &'a self,
        headers: &'a http::HeaderMap,
        query: Option<&'a str>,
    ) -> Head<'a> {
        Head {
            host: &self.host,
            method: &self.method,
            path: &self.path,
            query,
            headers,
        }
    }
}

/// How specific a host name is: characters of a name without wildcard, then characters.
type Specificity = Reverse<(usize, usize)>;

fn specificity(name: Option<&Hostname>) -> Specificity {
    let length = name.map_or(0, |name| name.as_str().len());
    let exact = name.is_some_and(|name| !name.as_str().starts_with("*."));
    Reverse((if exact { length } else { 0 }, length))
}

/// A wildcard stands for one label or more, not for nothing before a dot; a name that is not there matches every host.
fn host_matches(name: Option<&Hostname>, host: &str) -> bool {
    let host = host.to_lowercase();
    match name.map(|name| (name.as_str(), name.as_str().strip_prefix("*."))) {
        None => true,
        Some((name, None)) => host == name,
        Some((_, Some(domain))) => {
            let labels = host.split('.').collect::<Vec<_>>();
            (1..labels.len()).any(|skipped| {
                let (wild, rest) = labels.split_at(skipped);
                !wild.join(".").is_empty() && rest.join(".") == domain
            })
        }
    }
}

/// The listener whose name is the most specific match.
pub(super) fn listener<'a>(listeners: &'a [Arc<Listener>], host: &str) -> Option<&'a Listener> {
    let matching = listeners
        .iter()
        .filter(|listener| host_matches(listener.hostname.as_ref(), host));
    let best = matching.min_by_key(|listener| specificity(listener.hostname.as_ref()));
    best.map(|listener| &**listener)
}

/// All routes of a listener that match.
pub(super) fn matching<'a>(
    listener: &'a Listener,
    request: &Request,
) -> Vec<(Option<&'a Hostname>, &'a Route)> {
    let mut all = vec![];
    for host in listener.hosts() {
        for route in &host.routes {
            let name = host.hostname.as_ref();
            if host_matches(name, &request.host) && route_matches(&route.matches, request) {
                all.push((name, route));
            }
        }
    }
    all
}

/// Of all routes that match, the first by host and precedence.
pub(super) fn find<'a>(listener: &'a Listener, request: &Request) -> Option<&'a Route> {
    let matching = matching(listener, request).into_iter();
    let best = matching.min_by(|(name_a, a), (name_b, b)| {
        let by_host = specificity(*name_a).cmp(&specificity(*name_b));
        by_host.then_with(|| precedence(a, b))
    });
    best.map(|(_, route)| route)
}

/// The words of HTTPRouteRule `matches` and GRPCRouteRule `matches`, one after the other. "Less" goes first.
fn precedence(a: &Route, b: &Route) -> Ordering {
    let more = |count: fn(&Route) -> usize| count(b).cmp(&count(a));
    let first = |yes: fn(&Route) -> bool| yes(b).cmp(&yes(a));
    // "Exact" path match.
    first(|route| matches!(route.matches.path, PathMatch::Exact(_)))
        // A regular expression: the choice of this implementation.
        .then_with(|| first(|route| matches!(route.matches.path, PathMatch::Regex(_))))
        // "Prefix" path match with largest number of characters; for gRPC, characters in a matching service.
        .then_with(|| {
            more(|route| match &route.matches.path {
                PathMatch::Prefix(prefix) => prefix.trim_end_matches('/').chars().count(),
                _ => 0,
            })
        })
        // For gRPC, characters in a matching method.
        .then_with(|| {
            more(|route| match &route.matches.path {
                PathMatch::Method(method) => method.chars().count(),
                _ => 0,
            })
        })
        // Method match.
        .then_with(|| first(|route| route.matches.method.is_some()))
        // Largest number of header matches.
        .then_with(|| more(|route| route.matches.headers.len()))
        // Largest number of query param matches.
        .then_with(|| more(|route| route.matches.query.len()))
        // The oldest Route based on creation timestamp.
        .then_with(|| a.rule.source.created.cmp(&b.rule.source.created))
        // The Route appearing first in alphabetical order by "{namespace}/{name}".
        .then_with(|| text(a).cmp(&text(b)))
        // The first matching rule, in list order.
        .then_with(|| a.rule.source.id.index.cmp(&b.rule.source.id.index))
        .then_with(|| a.match_index.cmp(&b.match_index))
}

fn text(route: &Route) -> String {
    let object = &route.rule.source.id.route;
    format!("{}/{}", object.namespace, object.name)
}

/// Why no route matches.
pub(super) fn miss(listener: &Listener, host: &str) -> Miss {
    let mut names = listener.hosts().iter().map(|host| host.hostname.as_ref());
    match names.any(|name| host_matches(name, host)) {
        true => Miss::NoRule,
        false => Miss::NoRoute,
    }
}

fn route_matches(conditions: &Match, request: &Request) -> bool {
    let method = conditions.method.as_ref();
    path_matches(&conditions.path, &request.path)
        && method.is_none_or(|method| *method.as_http() == request.method)
        && conditions.headers.iter().all(|condition| {
            let named =
                |(name, _): &&(String, String)| name.eq_ignore_ascii_case(condition.name.as_str());
            let values = request.headers.iter().filter(named);
            let values = values.map(|(_, value)| value.as_str()).collect::<Vec<_>>();
            !values.is_empty() && value_matches(&condition.value, &values.join(","))
        })
        && conditions.query.iter().all(|condition| {
            let first = request
                .query
                .iter()
                .find(|(name, _)| *name == *condition.name);
            first.is_some_and(|(_, value)| value_matches(&condition.value, value))
        })
}

fn path_matches(condition: &PathMatch, path: &str) -> bool {
    match condition {
        PathMatch::Exact(exact) => path == &**exact,
        PathMatch::Regex(pattern) => regex_matches(pattern.as_str(), path),
        PathMatch::Method(method) => {
            let segments: Vec<_> = path.split('/').collect();
            matches!(segments[..], ["", service, found] if !service.is_empty() && found == &**method)
        }
        PathMatch::Prefix(prefix) => {
            let segments = prefix.trim_end_matches('/').split('/').skip(1);
            let segments = segments.collect::<Vec<_>>();
            let own = path.split('/').skip(1).collect::<Vec<_>>();
            own.starts_with(&segments)
        }
    }
}

fn value_matches(condition: &ValueMatch, value: &str) -> bool {
    match condition {
        ValueMatch::Exact(exact) => value == &**exact,
        ValueMatch::Regex(pattern) => regex_matches(pattern.as_str(), value),
    }
}

/// The patterns that the tests use, as plain code.
fn regex_matches(pattern: &str, text: &str) -> bool {
    match pattern {
        ".*" => true,
        "/a.*" => text.starts_with("/a"),
        "/(a|b)/b" => text == "/a/b" || text == "/b/b",
        "[12]" => text == "1" || text == "2",
        other => panic!("no code for {other:?}"),
    }
}
