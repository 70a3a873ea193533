//! Short programs that embed the gateway crates: see `examples/`. The program in the README is
//! tested here.

use std::fmt::Write as _;

use gateway_model::{Timestamp, parse};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Config, Snapshot, resolve};

/// A Gateway, a route that takes `/shop` off the path, and a Service.
const MANIFESTS: &str = r#"
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
  rules:
  - matches: [{path: {value: /shop}}]
    filters:
    - type: URLRewrite
      urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
    backendRefs: [{name: shop, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-1, labels: {kubernetes.io/service-name: shop}}
addressType: IPv4
"#;

/// What the examples serve: `/shop` goes to servers at these addresses and that port.
pub fn ir(addresses: &[&str], port: u16) -> Ir {
    let mut manifests = format!("{MANIFESTS}ports: [{{port: {port}}}]\nendpoints:\n");
    for address in addresses {
        let _ = writeln!(manifests, "- addresses: [{address}]");
    }
    let loaded = parse("embed.yaml", manifests.as_bytes()).resources;
    let snapshot = Snapshot::from_resources(loaded.into_iter().map(|l| l.resource));
    resolve(&snapshot, &Config::default(), Timestamp::UNIX_EPOCH).ir
}

/// The README, whose program is run as a test of this crate's documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
