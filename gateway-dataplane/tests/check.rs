//! Manifests that are held to what they are meant to do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gateway_dataplane::check::Checked;
use tempfile::TempDir;

const SHOP: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cart}
spec:
  parentRefs: [{name: web}]
  hostnames: [shop.example.com]
  rules:
  - matches: [{path: {value: /cart}}]
    backendRefs: [{name: carts, port: 80, weight: 9}, {name: carts-canary, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: carts}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: carts-canary}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata: {name: carts, labels: {kubernetes.io/service-name: carts}}
ports: [{port: 1}]
endpoints: [{addresses: [10.0.0.1]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata: {name: canary, labels: {kubernetes.io/service-name: carts-canary}}
ports: [{port: 1}]
endpoints: [{addresses: [10.0.0.2]}]
";

fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("shop.yaml"), text).unwrap();
    folder
}

/// What a failing assertion says.
fn message(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[test]
fn what_is_as_it_is_meant_to_be_passes() {
    let folder = folder(SHOP);
    let shop = Checked::load([folder.path()]);
    shop.assert_clean();
    let cart = shop.get("http://shop.example.com/cart/../cart/7");
    cart.assert_rule("HTTPRoute default/cart rule 0");
    cart.assert_split(&[
        ("Service default/carts-canary:80", 1),
        ("Service default/carts:80", 9),
    ]);
    shop.get("http://shop.example.com/other").assert_unrouted();
    shop.get("https://shop.example.com/cart").assert_unrouted();
}

#[test]
fn a_problem_fails_with_its_file_and_line() {
    let text = SHOP.replace("  parentRefs: [{name: web}]\n", "");
    let folder = folder(&text);
    let shop = Checked::load([folder.path()]);
    let file = folder.path().join("shop.yaml");
    let said = message(|| shop.assert_clean());
    let orphan = format!(
        "{}:12: warning[NoParent]: HTTPRoute default/cart: spec.parentRefs: ",
        file.display()
    );
    assert!(said.contains(&orphan), "{said}");
}

#[test]
fn another_split_fails_with_the_explanation() {
    let folder = folder(SHOP);
    let shop = Checked::load([folder.path()]);
    let said = message(|| {
        shop.get("http://shop.example.com/cart")
            .assert_split(&[("Service default/carts:80", 1)]);
    });
    let want = "expected a split over [(\"Service default/carts:80\", 1)], found \
        [(\"Service default/carts-canary:80\", 1), (\"Service default/carts:80\", 9)]\n\
        GET http://shop.example.com/cart\n\
        listener: Gateway default/web listener http\n\
        chosen: HTTPRoute default/cart rule 0";
    assert!(said.starts_with(want), "{said}");
    let said = message(|| {
        shop.get("http://shop.example.com/x")
            .assert_rule("HTTPRoute default/cart rule 0");
    });
    assert!(
        said.contains("ruled out by the path: HTTPRoute default/cart rule 0"),
        "{said}"
    );
}
