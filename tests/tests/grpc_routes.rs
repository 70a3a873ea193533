//! From manifests to the table: a call goes where the words of GRPCRoute say, over generated routes and calls.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::cmp::Reverse;

use gateway_dataplane::head::RequestHead;
use gateway_dataplane::table::{Head, SocketKey, Table};
use gateway_resolve::{Config, Snapshot, resolve};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const SERVICES: [&str; 3] = ["shop.Cart", "shop.CartItems", "a.B"];
const METHODS: [&str; 3] = ["Get", "GetAll", "Put"];
const HOSTS: [&str; 4] = ["", "*.example.com", "a.example.com", "b.example.com"];

/// GRPCRouteMatch, as far as it is exact.
#[derive(Debug, Clone)]
struct Wanted {
    service: Option<&'static str>,
    method: Option<&'static str>,
    headers: Vec<(&'static str, &'static str)>,
}

/// A GRPCRoute: when it was created, for which host, and the matches of each rule.
#[derive(Debug, Clone)]
struct Route {
    name: String,
    created: Option<u8>,
    host: &'static str,
    rules: Vec<Vec<Wanted>>,
}

#[derive(Debug, Clone)]
struct Call {
    host: &'static str,
    service: &'static str,
    method: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

/// Which match of which rule of which route.
type Place = (String, usize, usize);

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let some = (select(&["1", "2"][..]), select(&["1", "2"][..]), 0..4_u8);
    some.prop_map(|(x, y, which)| {
        let all = [("x", x, 1), ("y", y, 2)].into_iter();
        let kept = all.filter(|(_, _, bit)| which & bit != 0);
        kept.map(|(name, value, _)| (name, value)).collect()
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let service = proptest::option::of(select(&SERVICES[..]));
    let method = proptest::option::of(select(&METHODS[..]));
    (service, method, headers()).prop_map(|(service, method, headers)| Wanted {
        service,
        method,
        headers,
    })
}

fn routes() -> impl Strategy<Value = Vec<Route>> {
    let created = proptest::option::of(1..4_u8);
    let rules = vec(vec(wanted(), 1..3), 1..4);
    let route = (created, select(&HOSTS[..]), rules);
    vec(route, 1..5).prop_map(|routes| {
        let routes = routes.into_iter().enumerate();
        let named = routes.map(|(index, (created, host, rules))| Route {
            name: format!("r{index}"),
            created,
            host,
            rules,
        });
        named.collect()
    })
}

fn call() -> impl Strategy<Value = Call> {
    let host = select(&["a.example.com", "c.example.com", "other.test"][..]);
    let (service, method) = (select(&SERVICES[..]), select(&METHODS[..]));
    (host, service, method, headers()).prop_map(|(host, service, method, headers)| Call {
        host,
        service,
        method,
        headers,
    })
}

/// The manifest of a route.
fn manifest(route: &Route) -> Value {
    let condition = |wanted: &Wanted| {
        let header = |(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let headers: Vec<_> = wanted.headers.iter().map(header).collect();
        let mut condition = json!({ "headers": headers });
        if let Some(service) = wanted.service {
            condition["method"]["service"] = json!(service);
        }
        if let Some(method) = wanted.method {
            condition["method"]["method"] = json!(method);
        }
        condition
    };
    let rule = |matches: &Vec<Wanted>| {
        let matches: Vec<_> = matches.iter().map(condition).collect();
        json!({"matches": matches, "backendRefs": [{"name": "none", "port": 80}]})
    };
    let rules: Vec<_> = route.rules.iter().map(rule).collect();
    let hostnames: Vec<_> = Some(route.host)
        .filter(|host| !host.is_empty())
        .into_iter()
        .collect();
    let mut metadata = json!({"name": route.name, "namespace": "default"});
    if let Some(day) = route.created {
        metadata["creationTimestamp"] = json!(format!("2026-01-0{day}T00:00:00Z"));
    }
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute", "metadata": metadata,
        "spec": {"parentRefs": [{"name": "web"}], "hostnames": hostnames, "rules": rules},
    })
}

fn table(routes: &[Route]) -> Table<()> {
    let class = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass",
        "metadata": {"name": "ours"},
        "spec": {"controllerName": Config::default().controller_name},
    });
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "gatewayClassName": "ours",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    });
    let objects = [class, gateway]
        .into_iter()
        .chain(routes.iter().map(manifest));
    let text: String = objects.map(|object| format!("---\n{object}\n")).collect();
    let parsed = gateway_model::parse("routes.yaml", text.as_bytes());
    assert!(!parsed.has_errors(), "{:?}", parsed.problems);
    let resources = parsed.resources.into_iter().map(|loaded| loaded.resource);
    let now = "2026-02-01T00:00:00Z".parse().unwrap();
    let snapshot = Snapshot::from_resources(resources);
    Table::compile(&resolve(&snapshot, &Config::default(), now).ir, |_| ())
}

/// What the table does with a call.
fn found(table: &Table<()>, call: &Call) -> Option<Place> {
    let request = http::Request::post(format!("/{}/{}", call.service, call.method));
    let request = request.header("host", call.host);
    let request = call.headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let mut head = RequestHead::from(&request.body(()).unwrap().into_parts().0);
    let socket = table.socket(&SocketKey::tcp(None, 80)).unwrap();
    let hit = socket.find(&Head::of(&mut head).unwrap(), None).ok()?;
    let id = &hit.route.rule.source.id;
    Some((id.route.name.to_string(), id.index, hit.route.match_index))
}

/// GRPCRouteMatch: all that it says holds.
fn matches(wanted: &Wanted, call: &Call) -> bool {
    wanted.service.is_none_or(|service| service == call.service)
        && wanted.method.is_none_or(|method| method == call.method)
        && wanted
            .headers
            .iter()
            .all(|header| call.headers.contains(header))
}

fn takes(host: &str, call: &Call) -> bool {
    match host.strip_prefix('*') {
        Some(suffix) => call.host.len() > suffix.len() && call.host.ends_with(suffix),
        None => host.is_empty() || host == call.host,
    }
}

/// The words of GRPCRouteRule `matches`: characters in a matching non-wildcard hostname, in a matching hostname, in a
/// matching service, in a matching method, header matches; then the oldest route, the first by
/// `{namespace}/{name}`, the first rule, and its first match.
fn expected(routes: &[Route], call: &Call) -> Option<Place> {
    let mut all = Vec::new();
    for route in routes.iter().filter(|route| takes(route.host, call)) {
        for (rule, wanteds) in route.rules.iter().enumerate() {
            for (index, wanted) in wanteds.iter().enumerate() {
                if matches(wanted, call) {
                    all.push((route, rule, index, wanted));
                }
            }
        }
    }
    let length = |text: Option<&str>| Reverse(text.map_or(0, str::len));
    let best = all.into_iter().min_by_key(|(route, rule, index, wanted)| {
        let exact = Some(route.host).filter(|host| !host.starts_with('*'));
        (
            (length(exact), length(Some(route.host))),
            (length(wanted.service), length(wanted.method)),
            Reverse(wanted.headers.len()),
            // Without a time, as in files, a route counts as older than any.
            route.created,
            (route.name.clone(), *rule, *index),
        )
    });
    best.map(|(route, rule, index, _)| (route.name.clone(), rule, index))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn calls_go_where_the_words_of_grpcroute_say(routes in routes(), calls in vec(call(), 1..20)) {
        let table = table(&routes);
        for call in &calls {
            prop_assert_eq!(found(&table, call), expected(&routes, call), "{:?}", call);
        }
    }
}
