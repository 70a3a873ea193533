//! `gateway explain` of delegation, and of the settings in effect.

use crate::explain::line;
use crate::files::Files;
use crate::support::{output, text};

/// A route that another delegates to, with an option of each of them.
const DELEGATED: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: parent}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{path: {value: /a}}]
    backendRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: child}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: child}
spec:
  rules:
  - matches: [{path: {value: /a/b}}]
    backendRefs: [{name: web, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec: {gatewayClassName: any, listeners: [{name: http, port: 8080, protocol: HTTP}]}
---
apiVersion: gateway.solo.io/v1
kind: RouteOption
metadata: {name: of-parent}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: parent}]
  options: {timeout: 1.5s}
---
apiVersion: gateway.solo.io/v1
kind: VirtualHostOption
metadata: {name: of-hosts}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  options: {csrf: {}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
"#;

/// What is said of a request that `DELEGATED` takes.
fn explain_delegated(arguments: &[&str]) -> String {
    let files = Files::new(&[("input.yaml", DELEGATED)]);
    let path = files.path("input.yaml");
    let url = [
        "explain",
        path.to_str().unwrap(),
        "--url",
        "http://localhost:8080/a/b",
    ];
    text(&output(&[&url[..], arguments].concat()).stdout)
}

#[test]
fn tells_the_chain_and_the_settings_with_their_sources() {
    let got: serde_json::Value = serde_json::from_str(&explain_delegated(&["-o", "json"])).unwrap();
    assert_eq!(got["rule"]["name"], "child");
    let chain = serde_json::json!([
        {"kind": "HTTPRoute", "namespace": "default", "name": "parent", "rule": 0, "ruleName": null},
    ]);
    assert_eq!(got["chain"], chain);
    let source =
        |kind, name| serde_json::json!([{"kind": kind, "namespace": "default", "name": name}]);
    let settings = serde_json::json!({
        "timeout": {"value": "1.5s", "level": "route", "sources": source("RouteOption", "of-parent")},
        "csrf": {
            "value": {}, "level": "virtualHost", "sources": source("VirtualHostOption", "of-hosts"),
        },
    });
    assert_eq!(got["settings"], settings);
}

#[test]
fn tells_the_chain_and_the_settings_in_lines() {
    let text = explain_delegated(&[]);
    assert_eq!(
        line(&text, "by "),
        "by        HTTPRoute default/parent rule 0"
    );
    let settings: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("setting"))
        .collect();
    let want = [
        "setting   timeout of the route: \"1.5s\" (RouteOption default/of-parent)",
        "setting   csrf of the virtual host: {} (VirtualHostOption default/of-hosts)",
    ];
    assert_eq!(settings, want, "{text}");
}
