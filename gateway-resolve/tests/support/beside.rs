//! Objects that routes and Gateways refer to, or that are for them.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::world::{listener_set, named};

/// A certificate and its key.
static PAIR: LazyLock<(String, String)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["a.x.com".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
});

/// Objects of the kinds that worlds have none of, and what refers to them.
pub(crate) fn beside() -> impl Strategy<Value = Value> {
    let namespace = || select(vec!["a", "b"]);
    prop_oneof![
        (namespace(), select(vec!["blue", "red"])).prop_map(|(name, colour)| json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"colour": colour}},
        })),
        (namespace(), any::<bool>()).prop_map(|(namespace, is_good)| json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "pair", "namespace": namespace},
            "stringData": {
                "tls.crt": if is_good { PAIR.0.as_str() } else { "none" }, "tls.key": PAIR.1,
            },
        })),
        (select(vec!["any", "other"]), select(vec!["x.dev/a", "x.dev/b"]), any::<bool>()).prop_map(
            |(name, controller, refused)| {
                let mut class = json!({
                    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass",
                    "metadata": {"name": name}, "spec": {"controllerName": controller},
                });
                if refused {
                    let parameters = json!({"group": "x.dev", "kind": "X", "name": "x"});
                    class["spec"]["parametersRef"] = parameters;
                }
                class
            }
        ),
        (select(vec!["m0", "m1"]), select(vec!["x.dev/mesh", "x.dev/other"]), any::<bool>()).prop_map(
            |(name, controller, refused)| {
                let mut mesh = json!({
                    "apiVersion": "gateway.networking.x-k8s.io/v1alpha1", "kind": "XMesh",
                    "metadata": {"name": name}, "spec": {"controllerName": controller},
                });
                if refused {
                    let parameters = json!({"group": "x.dev", "kind": "X", "name": "x"});
                    mesh["spec"]["parametersRef"] = parameters;
                }
                mesh
            }
        ),
        (namespace(), namespace(), 0..3usize).prop_map(|(namespace, owner, name)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": format!("g{name}"), "namespace": namespace},
            "spec": {"gatewayClassName": "any", "tls": match name {
                0 => json!({"frontend": {"default": {"validation": {"caCertificateRefs": [
                    {"group": "", "kind": "ConfigMap", "name": "ca", "namespace": owner},
                ]}}}}),
                1 => json!({"backend": {
                    "clientCertificateRef": {"name": "pair", "namespace": owner},
                }}),
                _ => json!({}),
            }, "listeners": [
                {"name": "l0", "port": 443, "protocol": "HTTPS",
                 "tls": {"certificateRefs": [{"name": "pair", "namespace": owner}]}},
                {"name": "l1", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {
                    "from": "Selector", "selector": {"matchLabels": {"colour": "blue"}}}}},
                {"name": "l2", "port": 443, "protocol": "TLS", "hostname": "*.x.com",
                 "tls": {"certificateRefs": [{"name": "pair", "namespace": owner}]}},
                {"name": "l3", "port": 53, "protocol": "TCP", "allowedRoutes": {"namespaces": {"from": "All"}}},
                {"name": "l4", "port": 53, "protocol": "UDP"},
            ]},
        })),
        (namespace(), 0..3usize, select(vec!["All", "Same", "None"])).prop_map(|(namespace, name, from)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": format!("g{name}"), "namespace": namespace},
            "spec": {
                "gatewayClassName": "any",
                "allowedListeners": {"namespaces": match from {
                    "None" => json!({"from": "Selector", "selector": {"matchLabels": {"colour": "red"}}}),
                    from => json!({"from": from}),
                }},
                "listeners": [{"name": "l0", "port": 80, "protocol": "HTTP"}],
            },
        })),
        (namespace(), 0..3usize, select(vec!["All", "All", "None"])).prop_map(|(namespace, name, scope)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": format!("g{name}"), "namespace": namespace},
            "spec": {
                "gatewayClassName": "any", "defaultScope": scope,
                "listeners": [{"name": "l0", "port": 80, "protocol": "HTTP"}],
            },
        })),
        (namespace(), 0..3usize, select(vec!["All", "All", "None"]), any::<bool>()).prop_map(
            |(namespace, name, scope, lists)| json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                "metadata": {"name": "default", "namespace": namespace},
                "spec": {
                    "useDefaultGateways": scope,
                    "parentRefs": if lists { json!([{"name": format!("g{name}")}]) } else { json!([]) },
                },
            })
        ),
        (namespace(), 0..2usize, 0..4usize).prop_map(|(namespace, name, tls)| json!({
            "apiVersion": "gateway.networking.x-k8s.io/v1alpha1", "kind": "XBackend",
            "metadata": {"name": format!("x{name}"), "namespace": namespace},
            "spec": {
                "type": "ExternalHostname", "externalHostname": {"hostname": "x.com"},
                "port": {"port": 443},
                "tls": match tls {
                    0 => json!({"mode": "None"}),
                    1 => json!({"mode": "ServerOnly", "validation": {
                        "hostname": "x.com",
                        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}],
                    }}),
                    _ => json!({
                        "mode": "ClientAndServer",
                        "clientCertificateRef": {"name": "pair", "namespace": (if tls == 2 { "a" } else { "b" })},
                    }),
                },
            },
        })),
        (namespace(), namespace(), 0..2usize, 0..3usize).prop_map(|(namespace, owner, name, gateway)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "outside", "namespace": namespace},
            "spec": {
                "parentRefs": [{"name": format!("g{gateway}"), "namespace": owner}],
                "rules": [{"backendRefs": [{
                    "group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": format!("x{name}"),
                    "namespace": owner,
                }]}],
            },
        })),
        (listener_set(), 0..2usize).prop_map(|(set, index)| named(set, "l", index)),
        (listener_set(), 0..2usize, namespace()).prop_map(|(mut set, index, owner)| {
            for listener in set["spec"]["listeners"].as_array_mut().unwrap() {
                *listener = json!({
                    "name": listener["name"], "port": 443, "protocol": "HTTPS",
                    "hostname": listener["hostname"],
                    "tls": {"certificateRefs": [{"name": "pair", "namespace": owner}]},
                });
                listener["hostname"] = json!(format!("{}.x.com", listener["name"].as_str().unwrap()));
            }
            named(set, "l", index)
        }),
        (namespace(), namespace(), 0..2usize, 0..3usize).prop_map(|(namespace, owner, set, service)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": format!("r{service}"), "namespace": namespace},
            "spec": {
                "parentRefs": [
                    {"kind": "ListenerSet", "name": format!("l{set}"), "namespace": owner},
                    {"name": "g0", "namespace": owner},
                ],
                "rules": [{"backendRefs": [{"name": format!("s{service}"), "port": 80}]}],
            },
        })),
        (namespace(), namespace(), 0..3usize, 0..3usize).prop_map(|(namespace, owner, gateway, service)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute",
            "metadata": {"name": "grpc", "namespace": namespace},
            "spec": {
                "parentRefs": [{"name": format!("g{gateway}"), "namespace": owner}],
                "rules": [{
                    "matches": [{"method": {"service": "a.B"}}],
                    "backendRefs": [{"name": format!("s{service}"), "namespace": owner, "port": 80}],
                }],
            },
        })),
        (namespace(), namespace(), 0..3usize, 0..3usize).prop_map(|(namespace, owner, gateway, service)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "guarded", "namespace": namespace},
            "spec": {
                "parentRefs": [{"name": format!("g{gateway}"), "namespace": owner}],
                "rules": [{
                    "filters": [{"type": "ExternalAuth", "externalAuth": {
                        "protocol": "HTTP", "http": {},
                        "backendRef": {"name": format!("s{service}"), "namespace": owner, "port": 80},
                    }}],
                    "backendRefs": [{"name": "s0", "port": 80}],
                }],
            },
        })),
        (namespace(), 0..3usize, 0..3usize, any::<bool>()).prop_map(|(namespace, name, service, system)| {
            let mut validation = json!({"hostname": format!("h{name}.x.com")});
            match system {
                true => validation["wellKnownCACertificates"] = json!("System"),
                false => {
                    let reference = json!([{"group": "", "kind": "ConfigMap", "name": "ca"}]);
                    validation["caCertificateRefs"] = reference;
                }
            }
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy",
                "metadata": {"namespace": namespace, "name": format!("p{name}")},
                "spec": {
                    "targetRefs": [{"group": "", "kind": "Service", "name": format!("s{service}")}],
                    "validation": validation,
                },
            })
        }),
        (namespace(), 0..3usize, 0..3usize, any::<bool>(), 1..3u8).prop_map(
            |(namespace, name, service, sessions, age)| {
                let mut spec = json!({
                    "targetRefs": [{"group": "", "kind": "Service", "name": format!("s{service}")}],
                });
                match sessions {
                    true => spec["sessionPersistence"] = json!({"sessionName": format!("c{name}")}),
                    false => spec["retryConstraint"] = json!({"budget": {"percent": age}}),
                }
                json!({
                    "apiVersion": "gateway.networking.x-k8s.io/v1alpha1", "kind": "XBackendTrafficPolicy",
                    "metadata": {
                        "namespace": namespace, "name": format!("t{name}"),
                        "creationTimestamp": format!("2025-01-0{age}T00:00:00Z"),
                    },
                    "spec": spec,
                })
            },
        ),
        (namespace(), any::<bool>()).prop_map(|(namespace, is_good)| json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": namespace, "name": "ca"},
            "data": {"ca.crt": if is_good { PAIR.0.as_str() } else { "none" }},
        })),
        (namespace(), namespace(), select(vec!["Gateway", "ListenerSet"])).prop_map(|(from, to, kind)| json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant",
            "metadata": {"namespace": to, "name": "secrets"},
            "spec": {
                "from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": from}],
                "to": [{"group": "", "kind": "Secret"}, {"group": "", "kind": "ConfigMap"}],
            },
        })),
        (namespace(), 0..3usize, 0..3usize, 0..9u8, any::<bool>()).prop_map(
            |(namespace, name, service, address, ready)| json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {"namespace": namespace, "name": format!("s{name}"),
                    "labels": {"kubernetes.io/service-name": format!("s{service}")}},
                "addressType": "IPv4",
                "ports": [{"name": "tcp", "port": 3000}, {"name": "udp", "port": 3000, "protocol": "UDP"}],
                "endpoints": [{
                    "addresses": [format!("10.0.0.{address}")], "conditions": {"ready": ready},
                }],
            })
        ),
    ]
}
