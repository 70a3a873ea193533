//! Resolves manifests and prints what their authors are told.

use gateway_model::{Timestamp, parse};
use gateway_resolve::{Config, Snapshot, resolve};

const MANIFESTS: &[u8] = br#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: missing, port: 80}]}]
"#;

fn main() {
    let manifests = parse("statuses.yaml", MANIFESTS);
    for problem in &manifests.problems {
        println!("{problem}");
    }
    let resources = manifests
        .resources
        .into_iter()
        .map(|loaded| loaded.resource);
    let snapshot = Snapshot::from_resources(resources);
    let resolution = resolve(&snapshot, &Config::default(), Timestamp::now());
    for document in resolution.statuses.documents() {
        println!(
            "{}",
            serde_json::to_string_pretty(&document).expect("statuses are JSON")
        );
    }
    for finding in resolution.statuses.findings() {
        println!("{finding}");
    }
    let mut codes = resolution.statuses.findings().map(|finding| finding.code);
    assert_eq!(codes.next(), Some("BackendNotFound"));
}
