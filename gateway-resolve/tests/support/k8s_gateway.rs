//! Random objects of K8sGateway among those of small worlds.

#![allow(dead_code, reason = "each test uses a part")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::functions::{fallback, functions, keys};

fn namespace() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b"])
}

/// An object of a kind of K8sGateway, or a route that delegates.
pub(crate) fn object() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => option(),
        4 => delegating(),
        1 => (namespace(), select(vec![200, 503])).prop_map(|(namespace, status)| json!({
            "apiVersion": "gateway.gloo.solo.io/v1alpha1", "kind": "DirectResponse",
            "metadata": {"name": "d0", "namespace": namespace}, "spec": {"status": status},
        })),
        2 => upstream(),
        1 => annotated(),
        1 => select(vec!["a", "b"]).prop_map(|namespace| json!({
            "apiVersion": "gloo.solo.io/v1", "kind": "Settings",
            "metadata": {"name": "default", "namespace": "gloo-system"},
            "spec": {"extauth": {"extauthzServerRef": {"name": "u0", "namespace": namespace}}},
        })),
        1 => fallback(),
        1 => keys("a"),
        1 => Just(json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "all"},
        })),
    ]
}

/// An option of any kind, for any target.
fn option() -> impl Strategy<Value = Value> {
    let kinds = vec![
        "RouteOption",
        "RouteOption",
        "VirtualHostOption",
        "HttpListenerOption",
        "ListenerOption",
    ];
    let target = (
        select(vec!["HTTPRoute", "Gateway"]),
        0..3usize,
        proptest::option::of(0..2usize),
    );
    let set = subsequence((0..10).collect::<Vec<_>>(), 0..=5);
    let age = proptest::option::of(1..3u8);
    (select(kinds), namespace(), 0..3usize, vec(target, 0..=2), set, age).prop_map(
        |(kind, namespace, name, targets, set, age)| {
            let targets = targets.into_iter().map(|(kind, name, section)| {
                let prefix = if kind == "Gateway" { "g" } else { "r" };
                let mut target = json!({
                    "group": "gateway.networking.k8s.io", "kind": kind, "name": format!("{prefix}{name}"),
                });
                if let (Some(section), "Gateway") = (section, kind) {
                    target["sectionName"] = json!(format!("l{section}"));
                }
                target
            });
            let mut targets: Vec<_> = targets.collect();
            if kind == "RouteOption" {
                targets.retain(|target| target.get("sectionName").is_none());
            }
            let mut option = json!({
                "apiVersion": "gateway.solo.io/v1", "kind": kind,
                "metadata": {"name": format!("o{name}"), "namespace": namespace},
                "spec": {"targetRefs": targets, "options": options(kind, &set)},
            });
            if let Some(day) = age {
                option["metadata"]["creationTimestamp"] = json!(format!("2025-01-0{day}T00:00:00Z"));
            }
            option
        },
    )
}

fn options(kind: &str, set: &[usize]) -> Value {
    let all: [(&str, Value, &[&str]); 10] = [
        (
            "healthCheck",
            json!({"path": "/healthz"}),
            &["HttpListenerOption"],
        ),
        (
            "perConnectionBufferLimitBytes",
            json!(4096),
            &["ListenerOption"],
        ),
        (
            "csrf",
            json!({}),
            &["RouteOption", "VirtualHostOption", "HttpListenerOption"],
        ),
        ("timeout", json!("1s"), &["RouteOption"]),
        (
            "bufferPerRoute",
            json!({"disabled": true}),
            &["RouteOption", "VirtualHostOption"],
        ),
        (
            "buffer",
            json!({"maxRequestBytes": 3}),
            &["HttpListenerOption"],
        ),
        (
            "faults",
            json!({"abort": {"httpStatus": 7}}),
            &["RouteOption"],
        ),
        (
            "shadowing",
            json!({"upstream": {"name": "u0", "namespace": "b"}, "percentage": 9}),
            &["RouteOption"],
        ),
        (
            "extauth",
            match kind {
                "HttpListenerOption" => {
                    json!({"extauthzServerRef": {"name": "u0", "namespace": "b"}})
                }
                _ => json!({"customAuth": {}}),
            },
            &["RouteOption", "VirtualHostOption", "HttpListenerOption"],
        ),
        (
            "ratelimitServer",
            json!({"ratelimitServerRef": {"name": "u0", "namespace": "a"}}),
            &["HttpListenerOption"],
        ),
    ];
    let chosen = set.iter().map(|index| &all[*index]);
    let chosen = chosen.filter(|(_, _, kinds)| kinds.contains(&kind));
    chosen
        .map(|(name, value, _)| ((*name).to_owned(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A Service that says how it is connected to.
fn annotated() -> impl Strategy<Value = Value> {
    let annotations = vec![
        json!({"gloo.solo.io/upstream_config": "{\"loadBalancerConfig\": {\"random\": {}}}"}),
        json!({"gloo.solo.io/sslService.secret": "pair"}),
        json!({"gloo.solo.io/upstream_config": "{"}),
    ];
    (namespace(), select(annotations)).prop_map(|(namespace, annotations)| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "s0", "namespace": namespace, "annotations": annotations},
            "spec": {"ports": [{"port": 80}]},
        })
    })
}

fn upstream() -> impl Strategy<Value = Value> {
    let specs = vec![
        json!({"static": {"hosts": [{"addr": "10.0.0.1", "port": 80}]}}),
        json!({"kube": {"serviceName": "s0", "serviceNamespace": "a", "servicePort": 80}}),
        json!({
            "static": {"hosts": [{"addr": "10.0.0.1", "port": 8443}]},
            "sslConfig": {"secretRef": {"name": "pair", "namespace": "a"}},
        }),
        functions("f0"),
        json!({}),
    ];
    (namespace(), select(specs)).prop_map(|(namespace, spec)| {
        json!({
            "apiVersion": "gloo.solo.io/v1", "kind": "Upstream",
            "metadata": {"name": "u0", "namespace": namespace}, "spec": spec,
        })
    })
}

/// A route that is attached or not, with rules that delegate, and filters that refer to others.
fn delegating() -> impl Strategy<Value = Value> {
    let parents = proptest::option::of(prop_oneof![
        (namespace(), 0..3usize).prop_map(|(namespace, name)| json!({
            "name": format!("g{name}"), "namespace": namespace,
        })),
        (namespace(), 0..3usize).prop_map(|(namespace, name)| json!({
            "group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": format!("r{name}"),
            "namespace": namespace,
        })),
    ]);
    let refs = vec(reference(), 1..=2);
    let filter = proptest::option::of(select(vec![
        json!({"group": "gateway.solo.io", "kind": "RouteOption", "name": "o0"}),
        json!({"group": "gateway.gloo.solo.io", "kind": "DirectResponse", "name": "d0"}),
        json!({"group": "gloo.solo.io", "kind": "Parameter", "name": "f0"}),
    ]));
    let rule = (select(vec!["/", "/a", "/a/b"]), refs, filter);
    let meta = (
        namespace(),
        0..3usize,
        any::<bool>(),
        any::<bool>(),
        select(vec!["", "*", "timeout"]),
    );
    (meta, parents, vec(rule, 1..=2)).prop_map(
        |((namespace, name, labelled, inherits, overrides), parent, rules)| {
            let rules = rules.into_iter().map(|(path, refs, filter)| {
                let mut rule = json!({"matches": [{"path": {"value": path}}], "backendRefs": refs});
                if let Some(reference) = filter {
                    rule["filters"] = json!([{"type": "ExtensionRef", "extensionRef": reference}]);
                }
                rule
            });
            let mut route = json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                "metadata": {
                    "name": format!("r{name}"), "namespace": namespace, "labels": {},
                    "annotations": {"delegation.gateway.solo.io/enable-policy-overrides": overrides},
                },
                "spec": {"rules": rules.collect::<Vec<_>>()},
            });
            if labelled {
                route["metadata"]["labels"]["delegation.gateway.solo.io/label"] = json!("x");
            }
            if inherits {
                let name = "delegation.gateway.solo.io/inherit-parent-matcher";
                route["metadata"]["annotations"][name] = json!("true");
            }
            if let Some(parent) = parent {
                route["spec"]["parentRefs"] = json!([parent]);
            }
            route
        },
    )
}

fn reference() -> impl Strategy<Value = Value> {
    let route = |name: String, namespace: &str| {
        json!({
            "group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name, "namespace": namespace,
        })
    };
    prop_oneof![
        3 => (namespace(), 0..3usize).prop_map(move |(namespace, name)| route(format!("r{name}"), namespace)),
        1 => namespace().prop_map(move |namespace| route("*".to_owned(), namespace)),
        1 => select(vec!["a", "all"]).prop_map(|namespace| json!({
            "group": "delegation.gateway.solo.io", "kind": "label", "name": "x", "namespace": namespace,
        })),
        2 => (namespace(), 0..3usize).prop_map(|(namespace, name)| json!({
            "name": format!("s{name}"), "namespace": namespace, "port": 80,
        })),
        1 => namespace().prop_map(|namespace| json!({
            "group": "gloo.solo.io", "kind": "Upstream", "name": "u0", "namespace": namespace,
        })),
    ]
}

/// A Gateway for routes that delegate, and what their rules forward to.
pub(crate) fn gateway() -> [Value; 2] {
    [
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "g0", "namespace": "a"},
            "spec": {"gatewayClassName": "any", "listeners": [{"name": "l0", "port": 80, "protocol": "HTTP"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s0", "namespace": "a"},
            "spec": {"ports": [{"port": 80}]},
        }),
    ]
}

/// Objects of one namespace that meet there: a route that delegates, one that is delegated to, and what their rules
/// refer to.
pub(crate) fn delegated() -> impl Strategy<Value = Value> {
    let filter = proptest::option::of(select(vec![
        ("gateway.solo.io", "RouteOption", "o0"),
        ("gateway.gloo.solo.io", "DirectResponse", "d0"),
        ("gloo.solo.io", "Parameter", "f0"),
    ]));
    let to = select(vec![
        ("gateway.networking.k8s.io", "HTTPRoute", "r0"),
        ("gateway.networking.k8s.io", "HTTPRoute", "r1"),
        ("gateway.networking.k8s.io", "HTTPRoute", "*"),
        ("delegation.gateway.solo.io", "label", "x"),
        ("gloo.solo.io", "Upstream", "u0"),
        ("", "Service", "s0"),
    ]);
    prop_oneof![
        5 => (select(vec!["root", "r0", "r1"]), to, filter, any::<bool>()).prop_map(
            |(name, (group, kind, to), filter, is_labelled)| route_to(
                name, &json!({"group": group, "kind": kind, "name": to, "port": 80}), filter, is_labelled,
            ),
        ),
        2 => (subsequence(vec![0, 1, 2, 4], 0..=3), select(vec!["root", "r0", "none"])).prop_map(
            |(set, target)| json!({
                "apiVersion": "gateway.solo.io/v1", "kind": "RouteOption",
                "metadata": {"name": "o0", "namespace": "a"},
                "spec": {
                    "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": target}],
                    "options": options("RouteOption", &set),
                },
            }),
        ),
        1 => select(vec![200, 404, 503]).prop_map(|status| json!({
            "apiVersion": "gateway.gloo.solo.io/v1alpha1", "kind": "DirectResponse",
            "metadata": {"name": "d0", "namespace": "a"}, "spec": {"status": status},
        })),
        1 => (1..4u8).prop_map(|last| json!({
            "apiVersion": "gloo.solo.io/v1", "kind": "Upstream",
            "metadata": {"name": "u0", "namespace": "a"},
            "spec": {"static": {"hosts": [{"addr": format!("10.0.0.{last}"), "port": 80}]}},
        })),
        1 => select(vec!["f0", "f1"]).prop_map(|name| json!({
            "apiVersion": "gloo.solo.io/v1", "kind": "Upstream",
            "metadata": {"name": "u0", "namespace": "a"}, "spec": functions(name),
        })),
        1 => keys("a"),
        1 => fallback(),
    ]
}

/// A route of one rule; `root` is attached to the Gateway.
fn route_to(
    name: &str,
    to: &Value,
    filter: Option<(&str, &str, &str)>,
    is_labelled: bool,
) -> Value {
    let mut rule = json!({"matches": [{"path": {"value": "/a"}}], "backendRefs": [to]});
    if let Some((group, kind, name)) = filter {
        let reference = json!({"group": group, "kind": kind, "name": name});
        rule["filters"] = json!([{"type": "ExtensionRef", "extensionRef": reference}]);
    }
    let mut route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "a", "labels": {}},
        "spec": {"rules": [rule]},
    });
    if name == "root" {
        route["spec"]["parentRefs"] = json!([{"name": "g0"}]);
    }
    if is_labelled {
        route["metadata"]["labels"]["delegation.gateway.solo.io/label"] = json!("x");
    }
    route
}
