//! `resolve` at 1,000, 10,000 and 100,000 HTTPRoutes, with a Gateway for every ten of them, and a
//! Service and an EndpointSlice for each. Time per route should stay about the same. And single changes by a
//! `Resolver`, whose time should not grow with the number of routes.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that cannot go on panics"
)]

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gateway_model::{Hostname, Resource, RouteRule, parse};
use gateway_resolve::{Config, Resolver, Snapshot, resolve};

const TEMPLATE: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: apps}
spec:
  gatewayClassName: example
  listeners: [{name: http, port: 80, protocol: HTTP, hostname: example.com}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route, namespace: apps}
spec:
  parentRefs: [{name: gateway}]
  rules:
  - matches: [{path: {value: /a}}, {path: {type: Exact, value: /b}, headers: [{name: x, value: one}]}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: two}]}}]
    backendRefs: [{name: service, port: 80}]
  - backendRefs: [{name: service, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: service, namespace: apps}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice, namespace: apps, labels: {kubernetes.io/service-name: service}}
addressType: IPv4
ports: [{port: 3000}]
endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]
"#;

/// A copy of a resource of the template, for the route of that number.
fn copy(resource: &Resource, index: usize) -> Resource {
    let gateway = format!("gateway-{}", index / 10);
    let service = format!("service-{index}");
    match resource.clone() {
        Resource::Gateway(mut object) => {
            let changed = Arc::make_mut(&mut object);
            let host = format!("{gateway}.example.com");
            changed.spec.listeners[0].hostname = Some(Hostname::new(&host).unwrap());
            changed.metadata.name = gateway;
            Resource::Gateway(object)
        }
        Resource::HttpRoute(mut object) => {
            let changed = Arc::make_mut(&mut object);
            changed.metadata.name = format!("route-{index}");
            changed.spec.parent_refs[0].name = gateway;
            for rule in changed
                .spec
                .rules
                .iter_mut()
                .filter_map(RouteRule::read_mut)
            {
                rule.backend_refs[0].backend.name.clone_from(&service);
            }
            Resource::HttpRoute(object)
        }
        Resource::Service(mut object) => {
            Arc::make_mut(&mut object).metadata.name = service;
            Resource::Service(object)
        }
        Resource::EndpointSlice(mut object) => {
            let metadata = &mut Arc::make_mut(&mut object).metadata;
            metadata.name = format!("slice-{index}");
            metadata
                .labels
                .insert("kubernetes.io/service-name".to_owned(), service);
            Resource::EndpointSlice(object)
        }
        other => other,
    }
}

fn snapshot(routes: usize) -> Snapshot {
    let template = parse("template", TEMPLATE.as_bytes()).resources;
    assert_eq!(template.len(), 4);
    let copies = |index| {
        let template = template.iter();
        template
            .map(move |loaded| copy(&loaded.resource, index))
            .collect::<Vec<_>>()
    };
    (0..routes).flat_map(copies).collect()
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve");
    group.sample_size(10);
    let (config, now) = (Config::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    for routes in [1_000, 10_000, 100_000] {
        let snapshot = snapshot(routes);
        let resolution = resolve(&snapshot, &config, now);
        assert_eq!(resolution.ir.backends().size(), routes);
        assert_eq!(resolution.ir.listeners().len(), routes / 10);
        assert_eq!(resolution.statuses.findings().count(), 0);
        group.throughput(Throughput::Elements(routes as u64));
        group.bench_function(BenchmarkId::from_parameter(routes), |bencher| {
            bencher.iter(|| resolve(&snapshot, &config, now));
        });
    }
    group.finish();
}

/// One change after the other, each undone by the next.
fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("change");
    let (config, now) = (Config::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    let template = parse("template", TEMPLATE.as_bytes()).resources;
    for routes in [1_000, 10_000] {
        for (name, part) in [
            ("gateway", 0),
            ("route", 1),
            ("service", 2),
            ("endpoints", 3),
        ] {
            let mut snapshot = snapshot(routes);
            let mut resolver = Resolver::new();
            resolver.resolve(&snapshot, &config, now);
            let object = copy(&template[part].resource, routes / 2);
            let versions = [changed(&object), object];
            let mut turns = versions.iter().cycle();
            group.bench_function(BenchmarkId::new(name, routes), |bencher| {
                bencher.iter(|| {
                    snapshot.insert(turns.next().unwrap().clone());
                    let resolved = resolver.resolve(&snapshot, &config, now);
                    assert!(!resolved.backends.is_empty() || !resolved.listeners.is_empty());
                });
            });
        }
    }
    group.finish();
}

/// The same resource in another version, which is served differently.
fn changed(resource: &Resource) -> Resource {
    let mut resource = resource.clone();
    match &mut resource {
        Resource::Gateway(object) => Arc::make_mut(object).metadata.generation += 1,
        Resource::HttpRoute(object) => Arc::make_mut(object).metadata.generation += 1,
        Resource::Service(object) => Arc::make_mut(object).metadata.generation += 1,
        Resource::EndpointSlice(object) => _ = Arc::make_mut(object).endpoints.pop(),
        _ => unreachable!("the template has no other kind"),
    }
    resource
}

/// An option for a route that sets what many do.
#[cfg(feature = "k8s-gateway")]
const OPTION: &str = r#"
apiVersion: gateway.solo.io/v1
kind: RouteOption
metadata: {name: option, namespace: apps}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: route}]
  options:
    timeout: 3s
    retries: {retryOn: 5xx, numRetries: 2}
    headerManipulation:
      requestHeadersToAdd: [{header: {key: x-one, value: one}}]
      responseHeadersToRemove: [x-two]
    cors: {allowOrigin: ["https://example.com"], allowMethods: [GET]}
"#;

/// As many options as routes, one for each.
#[cfg(feature = "k8s-gateway")]
fn options(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("options");
    group.sample_size(10);
    let (config, now) = (Config::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    let routes = 5_000;
    let plain = snapshot(routes);
    let mut with_options = plain.clone();
    for index in 0..routes {
        let of_route = OPTION.replace("name: option", &format!("name: option-{index}"));
        let of_route = of_route.replace("name: route", &format!("name: route-{index}"));
        for loaded in parse("option", of_route.as_bytes()).resources {
            with_options.insert(loaded.resource);
        }
    }
    for (name, snapshot) in [("none", plain), ("one-a-route", with_options)] {
        let resolution = resolve(&snapshot, &config, now);
        assert_eq!(resolution.statuses.findings().count(), 0);
        group.bench_function(name, |bencher| {
            bencher.iter(|| resolve(&snapshot, &config, now));
        });
    }
    group.finish();
}

#[cfg(feature = "k8s-gateway")]
criterion_group!(benches, bench, changes, options);
#[cfg(not(feature = "k8s-gateway"))]
criterion_group!(benches, bench, changes);
criterion_main!(benches);
