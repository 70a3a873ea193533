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

/// A ListenerSet of the Gateway in that namespace, and what is said of it: `Programmed`, and `Accepted` of each listener.
fn said_of_set(gateway: &Value, listeners: &[Listener], claims: &ListenerClaims) -> Vec<String> {
    let mut gateway = gateway.clone();
    gateway["spec"]["allowedListeners"] = json!({"namespaces": {"from": "Same"}});
    let mut set = self::gateway("team", SECOND, listeners);
    let listeners = set["spec"]["listeners"].take();
    set["kind"] = json!("ListenerSet");
    set["spec"] = json!({"parentRef": {"name": "web"}, "listeners": listeners});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [gateway, set]});
    let snapshot = Snapshot::from_resources(resources("set", list.to_string().as_bytes()));
    let mut config = Config::default();
    config.listener_claims = claims.clone();
    let statuses = resolve(&snapshot, &config, now()).statuses;
    let reference = ObjectRef::new("gateway.networking.k8s.io", "ListenerSet", "team", "web");
    let Some(Status::ListenerSet(status)) = statuses.get(&reference) else {
        panic!("the ListenerSet has a status");
    };
    let of_type = |type_: &'static str| move |c: &&gateway_model::Condition| c.type_ == type_;
    let programmed = status.conditions.iter().filter(of_type("Programmed"));
    let listeners = status.listeners.iter().flat_map(|l| &l.conditions);
    let all = programmed.chain(listeners.filter(of_type("Accepted")));
    all.map(|condition| condition.reason.clone()).collect()
}

/// `ListenerEntryReasonTooManyListeners` (GEP-1713): a Gateway's own listeners go first, then ListenerSets by age.
#[test]
fn a_gateway_gets_only_so_many_listeners() {
    let claims = ListenerClaims {
        listeners_per_gateway: Some(3),
        ..ListenerClaims::default()
    };
    let own = [(80, "HTTP", "a.com"), (80, "HTTP", "b.com")];
    let gateway = gateway("team", FIRST, &own);
    assert_eq!(
        reasons(std::slice::from_ref(&gateway), "team", &claims),
        [OK, OK]
    );
    let more = [(80, "HTTP", "c.com"), (80, "HTTP", "d.com")];
    let said = said_of_set(&gateway, &more, &claims);
    assert_eq!(said, ["Programmed", OK, "TooManyListeners"]);
}

/// `ListenerSetReasonPortUnavailable`: none of its ports can be had.
#[test]
fn a_listener_set_without_a_port_says_so() {
    let gateway = gateway("team", FIRST, &[(80, "HTTP", "")]);
    let own = [(8443, "HTTP", ""), (8444, "HTTP", "")];
    let said = said_of_set(&gateway, &own, &ports(80..=80));
    assert_eq!(said, [PORT, PORT, PORT]);
    let said = said_of_set(&gateway, &own, &ports(80..=8443));
    assert_eq!(said, ["Programmed", OK, PORT]);
}
