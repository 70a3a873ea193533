//! `gateway explain` of connections and datagrams.

use crate::explain::line;
use crate::files::Files;
use crate::support::{output, text};

const STREAMS: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec:
  gatewayClassName: any
  listeners:
  - {name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}
  - {name: db, port: 5432, protocol: TCP}
  - {name: dns, port: 5432, protocol: UDP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: one, namespace: default}
spec:
  parentRefs: [{name: web}]
  hostnames: [a.example]
  rules: [{name: main, backendRefs: [{name: s, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: any, namespace: default}
spec:
  parentRefs: [{name: web}]
  hostnames: ['*.example']
  rules: [{backendRefs: [{name: s, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: db, namespace: default}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: s, port: 80, weight: 3}, {name: none, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: default}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: default, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{port: 3000}]
endpoints: [{addresses: [10.0.0.1]}]
";

/// What is said of `STREAMS`, and the exit status.
fn explain_streams(arguments: &[&str]) -> (Option<i32>, String) {
    let files = Files::new(&[("input.yaml", STREAMS)]);
    let path = files.path("input.yaml");
    let output = output(&[&["explain", path.to_str().unwrap()], arguments].concat());
    (output.status.code(), text(&output.stdout))
}

#[test]
fn explains_where_connections_and_datagrams_go() {
    let (code, text) = explain_streams(&["--tcp", "443", "--sni", "a.example"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(line(&text, "TCP"), "TCP *:443 a.example");
    assert_eq!(
        line(&text, "rule"),
        "rule      TLSRoute default/one rule 0 (main)"
    );
    assert!(
        line(&text, "answer").ends_with("at 10.0.0.1:3000"),
        "{text}"
    );
    let loser = line(&text, "TLSRoute default/any rule 0");
    assert!(loser.ends_with("a match that goes first"), "{loser}");
    // A request by TLS that is passed on goes where its connection goes.
    let (code, text) = explain_streams(&["--url", "https://b.example/x"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(line(&text, "rule"), "rule      TLSRoute default/any rule 0");
    let (code, text) = explain_streams(&["--tcp", "10.0.0.9:5432"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("3 of 4: Service default/s:80"), "{text}");
    assert!(text.contains("1 of 4: refused: "), "{text}");
    for nobody in [
        &["--tcp", "443", "--sni", "a.other"][..],
        &["--udp", "5432"],
        &["--udp", "443"],
    ] {
        assert_eq!(explain_streams(nobody).0, Some(1), "{nobody:?}");
    }
}

#[test]
fn connections_and_datagrams_have_the_same_fields_in_json() {
    let ask = |arguments: &[&str]| {
        let (_, text) = explain_streams(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let want = serde_json::json!({
        "socket": "*:5432",
        "listener": {"kind": "Gateway", "namespace": "default", "name": "web", "section": "db"},
        "host": null,
        "rule": {"kind": "TCPRoute", "namespace": "default", "name": "db", "rule": 0, "match": 0, "ruleName": null},
        "chain": [],
        "action": "forward", "status": null, "reason": null, "location": null, "body": null,
        "targets": [
            {
                "weight": 3,
                "backend": {"kind": "Service", "namespace": "default", "name": "s", "port": 80},
                "refusal": null,
            },
            {
                "weight": 1, "backend": null,
                "refusal": {"status": null, "reason": "BackendNotFound"},
            },
        ],
        "request": null,
        "settings": {},
        "ruledOut": [],
    });
    assert_eq!(ask(&["--tcp", "5432"]), want);
    let dropped = ask(&["--udp", "5432"]);
    assert_eq!(dropped["socket"], "*:5432/udp");
    assert_eq!(
        (&dropped["action"], &dropped["reason"]),
        (&"refuse".into(), &"NoRoute".into())
    );
    let named = ask(&["--tcp", "443", "--sni", "a.example"]);
    assert_eq!(named["host"], "a.example");
    assert_eq!(named["ruledOut"][0]["rule"]["name"], "any");
}
