//! Routes on Services: what clients in a mesh get (GEP-1294).

use crate::explain::line;
use crate::files::Files;
use crate::support::{output, text};

const MESH: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: producer, namespace: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: carts}]
  rules: [{matches: [{path: {value: /v1}}], backendRefs: [{name: carts, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: consumer, namespace: web}
spec:
  parentRefs: [{group: '', kind: Service, name: carts, namespace: shop}]
  rules: [{backendRefs: [{name: carts, namespace: shop, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: carts, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: carts-1, namespace: shop, labels: {kubernetes.io/service-name: carts}}
addressType: IPv4
ports: [{port: 3000}]
endpoints: [{addresses: [10.0.0.1]}]
";

fn gateway(arguments: &[&str]) -> (Option<i32>, String) {
    let files = Files::new(&[("input.yaml", MESH)]);
    let path = files.path("input.yaml");
    let (command, rest) = arguments.split_first().unwrap();
    let output = output(&[&[*command, path.to_str().unwrap()], rest].concat());
    (output.status.code(), text(&output.stdout))
}

#[test]
fn explain_answers_for_clients_in_a_mesh() {
    let asked = |client: &str, url: &str| {
        gateway(&[
            "explain",
            "--service",
            "shop/carts",
            "--client",
            client,
            "--url",
            url,
        ])
    };
    let (code, page) = asked("shop", "http://carts.shop/v1");
    assert_eq!(
        (code, line(&page, "rule")),
        (Some(0), "rule      HTTPRoute shop/producer rule 0"),
        "{page}"
    );
    let (code, page) = asked("web", "http://carts.shop/");
    assert_eq!(
        (code, line(&page, "rule")),
        (Some(0), "rule      HTTPRoute web/consumer rule 0"),
        "{page}"
    );
    let (code, page) = asked("other", "http://carts.shop/");
    assert_eq!(
        code,
        Some(1),
        "what no route matches is not the Service's: {page}"
    );
}

#[test]
fn check_looks_at_routes_on_services_where_there_is_a_mesh() {
    let (code, page) = gateway(&["check", "--mesh", "example.com/mesh"]);
    assert_eq!(code, Some(0), "{page}");
    assert!(page.contains("on Service shop/carts"), "{page}");
    let (_, page) = gateway(&["check"]);
    assert!(!page.contains("on Service"), "{page}");
}
