//! What a request costs before it goes anywhere: one lookup in a table of one route, and of 10,000.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has to stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use gateway_dataplane::forward::headers::{self, ConnectionHeaders, Forwarding};
use gateway_dataplane::head::{HeadRules, RequestHead, normalize};
use gateway_dataplane::table::{Head, SocketTable, Table};
use gateway_model::{Hostname, ObjectRef, Port, SectionName, Source};
use gateway_resolve::ir::{
    Action, Binding, Ir, Listener, ListenerId, Match, PathMatch, Pattern, Refusal, RefusalReason,
    Route, Rule, RuleSettings, RuleSource, Stack, VirtualHost,
};
use http::Request;
use http::uri::Scheme;

fn source(name: &str) -> Source {
    let object = ObjectRef::new("gateway.networking.k8s.io", "HTTPRoute", "default", name);
    Source {
        object,
        generation: 1,
    }
}

fn route(path: PathMatch, name: &str) -> Route {
    let rule = Rule {
        source: RuleSource::new(source(name), 0),
        filters: vec![],
        action: Action::Fail(Refusal::new(RefusalReason::NoBackend, "none")),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    };
    Route {
        matches: Match {
            path,
            method: None,
            headers: vec![],
            query: vec![],
        },
        match_index: 0,
        rule: Arc::new(rule),
    }
}

fn ir(hosts: Vec<VirtualHost>) -> Ir {
    let listener = Listener {
        id: ListenerId {
            parent: source("web").object,
            name: SectionName::new("http").unwrap(),
        },
        source: source("web"),
        binding: Binding {
            addresses: vec![],
            port: Port::new(80).unwrap(),
        },
        hostname: None,
        stack: Stack::Http {
            hosts: hosts.into_iter().map(Arc::new).collect(),
        },
        settings: Default::default(),
    };
    Ir::new(vec![Arc::new(listener)], [], []).unwrap()
}

/// One route for everything.
fn catch_all() -> Ir {
    ir(vec![VirtualHost::new(
        None,
        vec![route(PathMatch::prefix("/"), "all")],
    )])
}

/// 1,000 hosts with 10 prefixes each.
fn ten_thousand() -> Ir {
    let host = |number| {
        let name = Hostname::new(&format!("host-{number}.example.com")).unwrap();
        let path = |path| PathMatch::prefix(&format!("/service-{path}/v1"));
        let routes = (0..10).map(|number| route(path(number), "one")).collect();
        VirtualHost::new(Some(name), routes)
    };
    let mut hosts = (0..1000).map(host).collect::<Vec<_>>();
    hosts.sort_by_key(|host| host.hostname.clone());
    ir(hosts)
}

/// 10 regular expressions, of which the last matches.
fn regexes() -> Ir {
    let pattern = |number| Pattern::new(&format!("/service-{number}/v[0-9]+/.*")).unwrap();
    let routes = (0..10).map(|n| route(PathMatch::Regex(pattern(n)), "one"));
    ir(vec![VirtualHost::new(None, routes.collect())])
}

fn socket(ir: &Ir) -> Arc<SocketTable<()>> {
    let table = Table::compile(ir, |_| ());
    let (_, socket) = table.sockets().next().unwrap();
    Arc::clone(socket)
}

fn request(host: &str, target: &str) -> RequestHead {
    let request = Request::get(target)
        .header("host", host)
        .header("user-agent", "bench/1.0")
        .header("accept", "*/*");
    RequestHead::from(&request.body(()).unwrap().into_parts().0)
}

fn lookups(c: &mut Criterion) {
    let rows = [
        ("1 route, hit", catch_all(), "/service-7/v1/items?id=1"),
        (
            "10,000 routes, hit",
            ten_thousand(),
            "/service-7/v1/items?id=1",
        ),
        (
            "10,000 routes, miss",
            ten_thousand(),
            "/service-11/v1/items?id=1",
        ),
        (
            "10 regexes, last hit",
            regexes(),
            "/service-9/v1/items?id=1",
        ),
        ("10 regexes, miss", regexes(), "/service-11/v1/items?id=1"),
    ];
    let mut group = c.benchmark_group("find");
    for (name, ir, target) in rows {
        let socket = socket(&ir);
        let head = request("host-777.example.com", target);
        group.bench_function(name, |b| {
            b.iter(|| {
                black_box(
                    socket
                        .find(&Head::unnormalized(black_box(&head)), None)
                        .is_ok(),
                )
            });
        });
    }
    group.finish();
    c.bench_function("compile 10,000 routes", |b| {
        let ir = ten_thousand();
        b.iter(|| Table::compile(black_box(&ir), |_| ()));
    });
}

fn heads(c: &mut Criterion) {
    let head = request("host-777.example.com:8080", "/service-7/v1/items?id=1");
    c.bench_function("normalize, nothing to do", |b| {
        let mut head = head.clone();
        b.iter(|| normalize(black_box(&mut head), HeadRules::default()));
    });
    let connection = ConnectionHeaders::new([10, 0, 0, 1].into(), &Scheme::HTTP, 80);
    let forwarding = Forwarding::default();
    c.bench_function("forwarded headers", |b| {
        let copy = || head.clone();
        b.iter_batched_ref(
            copy,
            |head| {
                let id = || headers::request_id(black_box(1));
                headers::prepare_request(head, &connection, &forwarding, false, id);
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, lookups, heads);
criterion_main!(benches);
