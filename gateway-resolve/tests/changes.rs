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
