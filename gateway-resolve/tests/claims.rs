//! What listeners may claim where Gateways of several owners share addresses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::ops::RangeInclusive;

use gateway_model::ObjectRef;
use gateway_resolve::{
    Allowed, AllowedHostname, Config, ListenerClaims, Snapshot, Status, resolve,
};
use serde_json::{Value, json};

use support::{now, resources};

/// Port, protocol, hostname (or none).
type Listener = (u16, &'static str, &'static str);

fn gateway(namespace: &str, created: &str, listeners: &[Listener]) -> Value {
    let listeners = listeners.iter().enumerate();
    let listeners = listeners.map(|(index, (port, protocol, host))| {
        let mut listener = json!({"name": format!("l{index}"), "port": port, "protocol": protocol});
        if !host.is_empty() {
            listener["hostname"] = json!(host);
        }
        listener
    });
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "web", "namespace": namespace, "creationTimestamp": created},
        "spec": {"gatewayClassName": "any", "listeners": listeners.collect::<Vec<_>>()},
    })
}

/// The reason of `Accepted` of each listener of the Gateway in that namespace.
fn reasons(gateways: &[Value], namespace: &str, claims: &ListenerClaims) -> Vec<String> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": gateways});
    let snapshot = Snapshot::from_resources(resources("gateways", list.to_string().as_bytes()));
    let mut config = Config::default();
    config.listener_claims = claims.clone();
    let statuses = resolve(&snapshot, &config, now()).statuses;
    let reference = ObjectRef::new("gateway.networking.k8s.io", "Gateway", namespace, "web");
    let Some(Status::Gateway(status)) = statuses.get(&reference) else {
        panic!("{namespace}/web has a status");
    };
    let conditions = status.listeners.iter().flat_map(|l| &l.conditions);
    let accepted = conditions.filter(|condition| condition.type_ == "Accepted");
    accepted.map(|condition| condition.reason.clone()).collect()
}

fn hostnames(namespace: &str, allowed: &[&str]) -> ListenerClaims {
    let within = |name: &&str| AllowedHostname::Within(name.parse().unwrap());
    let allowed = allowed.iter().map(within).collect();
    ListenerClaims {
        hostnames: Some(Allowed {
            namespaces: [(namespace.to_owned(), allowed)].into(),
            ..Allowed::default()
        }),
        ..ListenerClaims::default()
    }
}

fn ports(everywhere: RangeInclusive<u16>) -> ListenerClaims {
    ListenerClaims {
        ports: Some(Allowed {
            everywhere: vec![everywhere],
            ..Allowed::default()
        }),
        ..ListenerClaims::default()
    }
}

const FIRST: &str = "2025-01-01T00:00:00Z";
const SECOND: &str = "2025-01-02T00:00:00Z";
const OK: &str = "Accepted";
const VALUE: &str = "UnsupportedValue";
const PORT: &str = "PortUnavailable";

#[test]
fn a_namespace_serves_the_hostnames_that_it_may_have_and_no_others() {
    let claims = hostnames("team", &["*.team.com", "own.com"]);
    let rows = [
        ("own.com", OK),
        ("a.team.com", OK),
        ("*.team.com", OK),
        ("*.b.team.com", OK),
        ("team.com", VALUE),
        ("a.own.com", VALUE),
        ("notteam.com", VALUE),
        ("*.com", VALUE),
        ("", VALUE),
    ];
    for (hostname, want) in rows {
        let of = |namespace| {
            let gateways = [gateway(namespace, FIRST, &[(80, "HTTP", hostname)])];
            reasons(&gateways, namespace, &claims)
        };
        assert_eq!(of("team"), [want], "{hostname:?}");
        assert_eq!(of("other"), [VALUE], "{hostname:?} in another namespace");
    }
}

#[test]
fn what_all_namespaces_may_have_each_may() {
    let claims = ListenerClaims {
        hostnames: Some(Allowed {
            everywhere: vec![AllowedHostname::Any],
            ..Allowed::default()
        }),
        ..ListenerClaims::default()
    };
    let gateways = [gateway(
        "team",
        FIRST,
        &[(80, "HTTP", ""), (81, "HTTP", "a.com")],
    )];
    assert_eq!(reasons(&gateways, "team", &claims), [OK, OK]);
}

/// `ListenerReasonPortUnavailable`: "the Listener is requesting a port that cannot be used".
#[test]
fn a_listener_on_a_port_that_its_namespace_may_not_have_keeps_nobody_off_it() {
    let older = gateway("older", FIRST, &[(8443, "HTTP", ""), (80, "HTTP", "a.com")]);
    let younger = gateway("younger", SECOND, &[(8443, "HTTP", "")]);
    let mut claims = ports(80..=80);
    let allowed = claims.ports.as_mut().unwrap();
    allowed
        .namespaces
        .insert("younger".to_owned(), vec![8000..=9000]);
    let gateways = [older, younger];
    assert_eq!(reasons(&gateways, "older", &claims), [PORT, OK]);
    assert_eq!(reasons(&gateways, "younger", &claims), [OK]);
    let all = ListenerClaims::default();
    assert_eq!(reasons(&gateways, "older", &all), [OK, OK]);
    assert_eq!(reasons(&gateways, "younger", &all), ["HostnameConflict"]);
}

#[test]
fn a_gateway_gets_only_so_many_ports() {
    let claims = ListenerClaims {
        ports_per_gateway: Some(2),
        ..ListenerClaims::default()
    };
    let listeners = [
        (80, "HTTP", "a.com"),
        (81, "HTTP", ""),
        (82, "HTTP", ""),
        (80, "HTTP", "b.com"),
    ];
    let gateways = [gateway("team", FIRST, &listeners)];
    assert_eq!(reasons(&gateways, "team", &claims), [OK, OK, PORT, OK]);
}
