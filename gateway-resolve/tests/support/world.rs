//! Small random worlds: few names, so that things meet and clash.

use std::collections::BTreeSet;

use gateway_model::Resource;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

use crate::support::resources;

const NAMESPACES: [&str; 2] = ["a", "b"];
const HOSTS: [&str; 4] = ["", "x.com", "*.x.com", "a.x.com"];

/// Resources whose order is part of the sample.
pub(crate) fn world() -> impl Strategy<Value = Vec<Resource>> {
    let parts = (
        vec(gateway(), 2..=3),
        vec(route(), 1..=4),
        vec(service(), 2..=3),
        vec(listener_set(), 0..=2),
        vec(stream_route(), 0..=3),
        grants(),
    );
    parts.prop_map(|(gateways, routes, services, sets, streams, grants)| {
        let gateways = gateways
            .into_iter()
            .enumerate()
            .map(|(i, g)| named(g, "g", i));
        let routes = routes
            .into_iter()
            .enumerate()
            .map(|(i, r)| named(r, "r", i));
        let services = services.into_iter().enumerate().flat_map(|(i, s)| {
            let service = named(s, "s", i);
            [slice(&service), service]
        });
        let sets = sets.into_iter().enumerate().map(|(i, s)| named(s, "l", i));
        let objects = gateways.chain(sets).chain(routes).chain(services);
        let objects = objects.chain(distinct(streams)).chain(grants);
        parse(&objects.collect::<Vec<_>>())
    })
}

/// A Gateway, or a Service where there is a mesh, that a route may have as a parent.
fn parent() -> impl Strategy<Value = Value> {
    let port = select(vec![None, None, Some(80), Some(90)]);
    (namespace(), 0..3usize, 0..3u8, port).prop_map(|(namespace, index, sort, port)| {
        let mut parent = json!({"namespace": namespace, "name": format!("g{index}")});
        if sort == 0 {
            parent = json!({"group": "", "kind": "Service", "namespace": namespace,
                "name": format!("s{index}")});
            if let Some(port) = port {
                parent["port"] = json!(port);
            }
        }
        parent
    })
}

/// Parents of which no two are the same.
fn parents(most: usize) -> impl Strategy<Value = Vec<Value>> {
    vec(parent(), 1..=most).prop_map(|mut parents| {
        let mut seen = BTreeSet::new();
        let key = |parent: &Value| {
            format!(
                "{}{}{}",
                parent["kind"], parent["namespace"], parent["name"]
            )
        };
        parents.retain(|parent| seen.insert(key(parent)));
        parents
    })
}

/// A route of connections or datagrams.
pub(crate) fn stream_route() -> impl Strategy<Value = Value> {
    let kind = select(vec!["TLSRoute", "TCPRoute", "UDPRoute"]);
    let parents = parents(3);
    let backends = vec((namespace(), 0..3usize, 0..3u32), 1..=3);
    let hosts = subsequence(HOSTS[1..].to_vec(), 1..=2);
    let age = proptest::option::of(1..4u8);
    let place = (namespace(), 0..3usize, age);
    (kind, place, parents, hosts, backends).prop_map(
        |(kind, (namespace, name, age), parents, hosts, backends)| {
            let mut rule = rule("/", backends);
            rule.as_object_mut().unwrap().remove("matches");
            let mut route = json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
                "metadata": {"namespace": namespace, "name": format!("t{name}")},
                "spec": {"parentRefs": parents, "rules": [rule]},
            });
            if kind == "TLSRoute" {
                route["spec"]["hostnames"] = json!(hosts);
            }
            if let Some(day) = age {
                let created = format!("2025-01-0{day}T00:00:00Z");
                route["metadata"]["creationTimestamp"] = json!(created);
            }
            route
        },
    )
}

/// Any subset of the grants that could matter.
pub(crate) fn grants() -> impl Strategy<Value = Vec<Value>> {
    subsequence(
        vec![
            grant("a", "b", None),
            grant("b", "a", None),
            grant("a", "b", Some("s0")),
        ],
        0..=3,
    )
}

/// Reads manifests.
pub(crate) fn parse(objects: &[Value]) -> Vec<Resource> {
    if objects.is_empty() {
        return Vec::new();
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    resources("world", list.to_string().as_bytes())
}

/// The last of those with one kind and name.
fn distinct(objects: Vec<Value>) -> impl Iterator<Item = Value> {
    let key = |object: &Value| {
        let metadata = &object["metadata"];
        let parts = [&object["kind"], &metadata["namespace"], &metadata["name"]];
        parts.map(ToString::to_string)
    };
    let objects = objects.into_iter().map(|object| (key(&object), object));
    let objects: std::collections::BTreeMap<_, _> = objects.collect();
    objects.into_values()
}

pub(crate) fn named(mut object: Value, prefix: &str, index: usize) -> Value {
    object["metadata"]["name"] = json!(format!("{prefix}{index}"));
    object
}

fn namespace() -> impl Strategy<Value = &'static str> {
    select(NAMESPACES.to_vec())
}

fn gateway() -> impl Strategy<Value = Value> {
    let listener = (
        select(vec![80, 81]),
        select(vec!["HTTP", "HTTP", "HTTP", "HTTPS", "TCP", "TLS", "UDP"]),
        select(HOSTS.to_vec()),
    );
    let from = select(vec!["Same", "All", "All"]);
    let age = proptest::option::of(1..4u8);
    (namespace(), btree_set(listener, 1..=3), from, age, 1..9i64).prop_map(
        |(namespace, listeners, from, age, generation)| {
            let listeners =
                listeners
                    .into_iter()
                    .enumerate()
                    .map(|(index, (port, protocol, host))| {
                        let mut listener = json!({
                            "name": format!("l{index}"), "port": port, "protocol": protocol,
                            "allowedRoutes": {"namespaces": {"from": from}},
                        });
                        if !host.is_empty() && !matches!(protocol, "TCP" | "UDP") {
                            listener["hostname"] = json!(host);
                        }
                        if protocol == "TLS" {
                            listener["tls"] = json!({"mode": "Passthrough"});
                        }
                        listener
                    });
            let mut listeners: Vec<Value> = listeners.collect();
            let mut seen = Vec::new();
            listeners.retain(|listener| {
                let key = (
                    listener["port"].clone(),
                    listener["protocol"].clone(),
                    listener["hostname"].clone(),
                );
                let fresh = !seen.contains(&key);
                seen.push(key);
                fresh
            });
            let mut object = json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
                "metadata": {"namespace": namespace, "generation": generation},
                "spec": {"gatewayClassName": "any", "listeners": listeners},
            });
            if let Some(day) = age {
                object["metadata"]["creationTimestamp"] =
                    json!(format!("2025-01-0{day}T00:00:00Z"));
                object["spec"]["allowedListeners"] = json!({"namespaces": {"from": from}});
            }
            object
        },
    )
}

/// A ListenerSet, whose Gateway may take it or not.
pub(crate) fn listener_set() -> impl Strategy<Value = Value> {
    let host = select(HOSTS[1..].to_vec());
    let listener = (
        select(vec![80, 81]),
        select(vec!["HTTP", "HTTP", "HTTPS"]),
        host,
    );
    (
        namespace(),
        (namespace(), 0..3usize),
        btree_set(listener, 1..=2),
        1..3u8,
    )
        .prop_map(|(namespace, (owner, gateway), listeners, day)| {
            let listeners = listeners.into_iter().enumerate();
            let listeners = listeners.map(|(index, (port, protocol, host))| {
                json!({"name": format!("l{index}"), "port": port, "protocol": protocol, "hostname": host})
            });
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
                "metadata": {"namespace": namespace,
                    "creationTimestamp": format!("2025-01-0{day}T00:00:00Z")},
                "spec": {
                    "parentRef": {"namespace": owner, "name": format!("g{gateway}")},
                    "listeners": listeners.collect::<Vec<_>>(),
                },
            })
        })
}

fn route() -> impl Strategy<Value = Value> {
    let parents = parents(4);
    let backends = vec((namespace(), 0..3usize, 0..3u32), 0..=3);
    let rules = vec((select(vec!["/", "/", "/p", "/p", "/("]), backends), 1..=3);
    let hosts = subsequence(HOSTS[1..].to_vec(), 0..=2);
    let kind = select(vec!["HTTPRoute", "HTTPRoute", "GRPCRoute"]);
    (
        (kind, namespace()),
        parents,
        proptest::option::weighted(0.2, any::<Index>()),
        hosts,
        rules,
    )
        .prop_map(|((kind, namespace), parents, section, hosts, rules)| {
            let parents = parents.into_iter().map(|mut parent| {
                if let Some(section) = section.filter(|_| parent["kind"].is_null()) {
                    parent["sectionName"] = json!(format!("l{}", section.index(4)));
                }
                parent
            });
            let parents: Vec<_> = parents.collect();
            let rules: Vec<_> = rules
                .into_iter()
                .map(|(path, backends)| match kind {
                    "GRPCRoute" => method_rule(path, backends),
                    _ => rule(path, backends),
                })
                .collect();
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
                "metadata": {"namespace": namespace},
                "spec": {"parentRefs": parents, "hostnames": hosts, "rules": rules},
            })
        })
}

fn rule(path: &str, backends: Vec<(&str, usize, u32)>) -> Value {
    let kind = match path {
        "/(" => "RegularExpression",
        _ => "PathPrefix",
    };
    let backends = backends.into_iter().map(|(namespace, service, weight)| {
        json!({"namespace": namespace, "name": format!("s{service}"), "port": 80, "weight": weight})
    });
    json!({
        "matches": [{"path": {"type": kind, "value": path}}],
        "backendRefs": backends.collect::<Vec<_>>(),
    })
}

/// A rule for a method of gRPC.
fn method_rule(path: &str, backends: Vec<(&str, usize, u32)>) -> Value {
    let mut rule = rule(path, backends);
    rule["matches"] = match path {
        "/(" => json!([{"method": {"type": "RegularExpression", "service": "("}}]),
        "/p" => json!([{"method": {"service": "p", "method": "q"}}]),
        _ => json!([{}]),
    };
    rule
}

fn service() -> impl Strategy<Value = Value> {
    let port = select(vec![80, 80, 80, 90]);
    let protocols = select(vec![&["TCP"][..], &["TCP"], &["TCP", "UDP"], &["UDP"]]);
    let address = select(vec![None, None, Some("10.1.0.1"), Some("None")]);
    (namespace(), port, protocols, address).prop_map(|(namespace, port, protocols, address)| {
        let port = |protocol: &&str| json!({"name": protocol.to_lowercase(), "port": port, "protocol": protocol});
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": namespace},
            "spec": {"clusterIP": address, "ports": protocols.iter().map(port).collect::<Vec<_>>()},
        })
    })
}

fn slice(service: &Value) -> Value {
    let (namespace, name) = (
        &service["metadata"]["namespace"],
        &service["metadata"]["name"],
    );
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "namespace": namespace, "name": name,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "ports": [{"name": "tcp", "port": 3000}, {"name": "udp", "port": 3000, "protocol": "UDP"}],
        "endpoints": [{"addresses": ["10.0.0.1"]}],
    })
}

fn grant(from: &str, to: &str, name: Option<&str>) -> Value {
    let kinds = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
    let kinds = kinds
        .map(|kind| json!({"group": "gateway.networking.k8s.io", "kind": kind, "namespace": from}));
    let mut target = json!({"group": "", "kind": "Service"});
    if let Some(name) = name {
        target["name"] = json!(name);
    }
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant",
        "metadata": {"namespace": to, "name": format!("{from}-{}", name.unwrap_or("all"))},
        "spec": {
            "from": kinds,
            "to": [target],
        },
    })
}
