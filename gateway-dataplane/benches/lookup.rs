//! What a lookup costs as the table grows: over hosts, and over the rules of one host; beside a scan of all
//! rules, a radix tree (matchit) and a `RegexSet`, which know paths only.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has to stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gateway_dataplane::head::RequestHead;
use gateway_dataplane::table::{Head, SocketTable, Table};
use gateway_model::{HeaderName, Hostname, Method, ObjectRef, Port, SectionName, Source};
use gateway_resolve::ir::{
    Action, Binding, HeaderMatch, Ir, Listener, ListenerId, Match, PathMatch, Pattern, QueryMatch,
    Refusal, RefusalReason, Route, Rule, RuleSettings, RuleSource, Stack, ValueMatch, VirtualHost,
};
use http::Request;
use regex::RegexSet;

const SIZES: [usize; 4] = [1, 100, 10_000, 100_000];

fn source(name: &str) -> Source {
    let object = ObjectRef::new("gateway.networking.k8s.io", "HTTPRoute", "default", name);
    Source {
        object,
        generation: 1,
    }
}

fn route(matches: Match) -> Route {
    let rule = Rule {
        source: RuleSource::new(source("one"), 0),
        filters: vec![],
        action: Action::Fail(Refusal::new(RefusalReason::NoBackend, "none")),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    };
    Route {
        matches,
        match_index: 0,
        rule: Arc::new(rule),
    }
}

fn path(path: PathMatch) -> Match {
    Match {
        path,
        method: None,
        headers: vec![],
        query: vec![],
    }
}

fn service(number: usize) -> String {
    format!("/service-{number}/v1")
}

fn host(number: usize) -> String {
    format!("host-{number}.example.com")
}

fn socket(mut hosts: Vec<VirtualHost>) -> Arc<SocketTable<()>> {
    hosts.sort_by_key(|host| host.hostname.clone());
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
    let ir = Ir::new(vec![Arc::new(listener)], [], []).unwrap();
    let table = Table::compile(&ir, |_| ());
    let (_, socket) = table.sockets().next().unwrap();
    Arc::clone(socket)
}

fn virtual_host(name: &str, matches: impl Iterator<Item = Match>) -> VirtualHost {
    let name = Hostname::new(name).unwrap();
    VirtualHost::new(Some(name), matches.map(route).collect())
}

fn prefixes(count: usize) -> impl Iterator<Item = Match> {
    (0..count).map(|number| path(PathMatch::prefix(&service(number))))
}

fn request(host: &str, target: &str) -> RequestHead {
    let request = Request::get(target).header("host", host);
    let request = request.header("x-color", "blue").header("accept", "*/*");
    RequestHead::from(&request.body(()).unwrap().into_parts().0)
}

fn over_hosts(c: &mut Criterion) {
    let mut group = c.benchmark_group("hosts");
    for size in SIZES {
        let hosts = (0..size).map(|number| virtual_host(&host(number), prefixes(1)));
        let socket = socket(hosts.collect());
        let head = request(&host(size / 2), "/service-0/v1/items?id=1");
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                socket
                    .find(&Head::unnormalized(black_box(&head)), None)
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn over_rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("rules");
    for size in SIZES {
        let middle = size / 2;
        let target = format!("{}/items?id=1", service(middle));
        let head = request("a.example", &target);
        let socket = socket(vec![virtual_host("a.example", prefixes(size))]);
        group.bench_function(BenchmarkId::new("table", size), |b| {
            b.iter(|| {
                socket
                    .find(&Head::unnormalized(black_box(&head)), None)
                    .unwrap()
            });
        });
        let mut tree = matchit::Router::new();
        for number in 0..size {
            tree.insert(format!("{}/{{*rest}}", service(number)), number)
                .unwrap();
        }
        group.bench_function(BenchmarkId::new("matchit", size), |b| {
            b.iter(|| *tree.at(black_box(head.path())).unwrap().value);
        });
        if size <= 10_000 {
            let list: Vec<_> = prefixes(size).map(|matches| matches.path).collect();
            group.bench_function(BenchmarkId::new("scan", size), |b| {
                let found = |path: &str| list.iter().position(|prefix| prefix.matches(path));
                b.iter(|| found(black_box(head.path())).unwrap());
            });
        }
    }
    group.finish();
}

/// One path with many rules that differ in a header, a query parameter or the method.
fn over_conditions(c: &mut Criterion) {
    let mut group = c.benchmark_group("conditions");
    for size in [1, 10, 100, 10_000] {
        let value = |number| ValueMatch::Exact(format!("{number}").into());
        let header = |number| Match {
            headers: vec![HeaderMatch {
                name: HeaderName::new("x-shard").unwrap(),
                value: value(number),
            }],
            ..path(PathMatch::prefix("/"))
        };
        let query = |number| Match {
            query: vec![QueryMatch {
                name: "shard".into(),
                value: value(number),
            }],
            ..path(PathMatch::prefix("/"))
        };
        let last = Match {
            method: Some(Method::from(http::Method::GET)),
            ..path(PathMatch::prefix("/"))
        };
        let matches = (0..size)
            .map(header)
            .chain((0..size).map(query))
            .chain([last]);
        let socket = socket(vec![virtual_host("a.example", matches)]);
        let head = request("a.example", "/items?shard=none");
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                socket
                    .find(&Head::unnormalized(black_box(&head)), None)
                    .unwrap()
            });
        });
    }
    group.finish();
}

/// Many regular expressions, of which the last matches.
fn over_regexes(c: &mut Criterion) {
    let mut group = c.benchmark_group("regexes");
    for size in [1, 10, 100, 1_000] {
        let pattern = |number: usize| format!("/service-{number}/v[0-9]+/.*");
        let compiled = |number| path(PathMatch::Regex(Pattern::new(&pattern(number)).unwrap()));
        let socket = socket(vec![virtual_host("a.example", (0..size).map(compiled))]);
        let head = request("a.example", &format!("/service-{}/v1/items", size - 1));
        group.bench_function(BenchmarkId::new("table", size), |b| {
            b.iter(|| {
                socket
                    .find(&Head::unnormalized(black_box(&head)), None)
                    .unwrap()
            });
        });
        let set = RegexSet::new((0..size).map(|n| format!("^(?:{})$", pattern(n)))).unwrap();
        group.bench_function(BenchmarkId::new("RegexSet", size), |b| {
            b.iter(|| set.matches(black_box(head.path())).iter().next().unwrap());
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    over_hosts,
    over_rules,
    over_conditions,
    over_regexes
);
criterion_main!(benches);
