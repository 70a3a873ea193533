//! What differs between two IRs is told by route, backend and listener.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use gateway_resolve::ir::{Changes, Ir};
use gateway_resolve::{Config, Snapshot, resolve};

use support::{now, resources};

const MANIFEST: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: any
  listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 81, protocol: HTTP}, {name: c, port: 82, protocol: TCP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: one}
spec:
  parentRefs: [{name: g, sectionName: a}]
  rules: [{backendRefs: [{name: s, port: 80, weight: 1}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: two}
spec:
  parentRefs: [{name: g, sectionName: a}]
  hostnames: [two.example.com]
  rules: [{backendRefs: [{name: s, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: three}
spec:
  parentRefs: [{name: g, sectionName: c}]
  rules: [{backendRefs: [{name: s, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata: {name: s, labels: {kubernetes.io/service-name: s}}
ports: [{port: 1}]
endpoints: [{addresses: [10.0.0.1]}]
";

fn ir(text: &str) -> Ir {
    let snapshot = Snapshot::from_resources(resources("x.yaml", text.as_bytes()));
    resolve(&snapshot, &Config::default(), now()).ir
}

/// What differs after `from` became `to` in the manifests: listeners, routes and backends by their names.
fn after(from: &str, to: &str) -> [Vec<String>; 3] {
    assert!(MANIFEST.contains(from), "{from}");
    let (old, new) = (ir(MANIFEST), ir(&MANIFEST.replace(from, to)));
    let there = new.changes_since(&old);
    assert_eq!(there, old.changes_since(&new), "the same both ways");
    let Changes {
        listeners,
        routes,
        backends,
        ..
    } = there;
    [
        listeners.iter().map(|id| id.name.to_string()).collect(),
        routes.iter().map(|route| route.name.to_string()).collect(),
        backends
            .iter()
            .map(|id| id.object.name.to_string())
            .collect(),
    ]
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_differs_from_the_same_again() {
    assert!(ir(MANIFEST).changes_since(&ir(MANIFEST)).is_empty());
    assert!(!ir(MANIFEST).changes_since(&Ir::default()).is_empty());
}

#[test]
fn a_rule_that_differs_is_its_routes_alone() {
    let weight = after("weight: 1", "weight: 2");
    assert_eq!(weight, [names(&[]), names(&["one"]), names(&[])]);
    let host = after("two.example.com", "2.example.com");
    assert_eq!(host, [names(&[]), names(&["two"]), names(&[])]);
    let stream = after("sectionName: c", "sectionName: none");
    assert_eq!(stream, [names(&[]), names(&["three"]), names(&[])]);
}

#[test]
fn endpoints_that_differ_are_their_backends_alone() {
    let [listeners, routes, backends] = after("10.0.0.1", "10.0.0.2");
    assert_eq!((listeners, routes), (names(&[]), names(&[])));
    assert!(backends.iter().all(|name| name == "s") && !backends.is_empty());
}

#[test]
fn a_listener_differs_without_its_routes() {
    let port = after("{name: b, port: 81", "{name: b, port: 83");
    assert_eq!(port, [names(&["b"]), names(&[]), names(&[])]);
    let gone = after("{name: b, port: 81, protocol: HTTP}, ", "");
    assert_eq!(gone, [names(&["b"]), names(&[]), names(&[])]);
}

#[test]
fn rules_are_mapped_and_what_stays_is_shared() {
    let ir = ir(MANIFEST);
    let same = ir
        .map_rules(|rule| std::sync::Arc::new((**rule).clone()))
        .unwrap();
    assert!(same.changes_since(&ir).is_empty());
    let shared = |a: &Ir, b: &Ir| {
        let both = a.listeners().iter().zip(b.listeners());
        both.map(|(a, b)| std::sync::Arc::ptr_eq(a, b))
            .collect::<Vec<_>>()
    };
    assert_eq!(shared(&ir, &same), [true; 3]);
    let mut asked = Vec::new();
    let other = ir
        .map_rules(|rule| {
            asked.push(rule.to_string());
            let mut rule = (**rule).clone();
            if &*rule.source.id.route.name == "two" {
                rule.filters.clear();
                rule.source.id.index = 7;
            }
            rule.into()
        })
        .unwrap();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(shared(&ir, &other), [false, true, true]);
    let hosts = |ir: &Ir| ir.listeners()[0].hosts().to_vec();
    let stayed: Vec<_> = hosts(&ir)
        .iter()
        .zip(&hosts(&other))
        .map(|(a, b)| std::sync::Arc::ptr_eq(a, b))
        .collect();
    assert_eq!(stayed, [false, true], "two.example.com, and any");
    let routes: Vec<_> = other
        .changes_since(&ir)
        .routes
        .into_iter()
        .map(|route| route.name)
        .collect();
    assert_eq!(routes, ["two".into()]);
}

#[test]
fn a_rule_is_mapped_to_a_backend_that_is_there() {
    let ir = ir(MANIFEST);
    let own = ir.backends().values().next().unwrap();
    let mut canary = (**own).clone();
    canary.id.object.name = "canary".into();
    let id = canary.id.clone();
    let to_canary = |rule: &std::sync::Arc<gateway_resolve::ir::Rule>| {
        let mut rule = (**rule).clone();
        let target = gateway_resolve::ir::WeightedTarget {
            weight: 1,
            filters: vec![],
            target: gateway_resolve::ir::Target::Backend(id.clone()),
        };
        let split = gateway_resolve::ir::Split::new(vec![target]).unwrap();
        rule.action = gateway_resolve::ir::Action::Forward(split);
        rule.into()
    };
    let dangling = ir.map_rules(to_canary).unwrap_err().to_string();
    assert!(dangling.contains("canary"), "{dangling}");
    let ir = ir.with_backends([canary.into()]);
    assert!(ir.map_rules(to_canary).is_ok());
}
