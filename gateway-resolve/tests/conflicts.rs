//! Which listeners clash (Gateway `spec.listeners`, "distinct").

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use gateway_model::ObjectRef;
use gateway_resolve::{Config, Snapshot, Status, resolve};
use serde_json::{Value, json};

use support::{now, resources};

/// Port, protocol, hostname (or none).
type Listener = (u16, &'static str, &'static str);

fn gateway(name: &str, created: &str, address: Option<&str>, listeners: &[Listener]) -> Value {
    let listeners = listeners
        .iter()
        .enumerate()
        .map(|(index, (port, protocol, host))| {
            let mut listener =
                json!({"name": format!("l{index}"), "port": port, "protocol": protocol});
            if !host.is_empty() {
                listener["hostname"] = json!(host);
            }
            if *protocol == "TLS" {
                listener["tls"] = json!({"mode": "Passthrough"});
            }
            listener
        });
    let addresses: Vec<_> = address
        .iter()
        .map(|value| json!({"value": value}))
        .collect();
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": name, "namespace": "infra", "creationTimestamp": created},
        "spec": {
            "gatewayClassName": "any", "addresses": addresses,
            "listeners": listeners.collect::<Vec<_>>(),
        },
    })
}

/// The reason of `Conflicted` of each listener of the Gateway of that name.
fn reasons(gateways: &[Value], name: &str) -> Vec<String> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": gateways});
    let snapshot = Snapshot::from_resources(resources("gateways", list.to_string().as_bytes()));
    let statuses = resolve(&snapshot, &Config::default(), now()).statuses;
    let reference = ObjectRef::new("gateway.networking.k8s.io", "Gateway", "infra", name);
    let Some(Status::Gateway(status)) = statuses.get(&reference) else {
        panic!("{name} has a status");
    };
    let conditions = status
        .listeners
        .iter()
        .flat_map(|listener| &listener.conditions);
    let conflicted = conditions.filter(|condition| condition.type_ == "Conflicted");
    conflicted
        .map(|condition| condition.reason.clone())
        .collect()
}

const FIRST: &str = "2025-01-01T00:00:00Z";
const SECOND: &str = "2025-01-02T00:00:00Z";
const NONE: &str = "NoConflicts";
const PROTOCOL: &str = "ProtocolConflict";
const HOSTNAME: &str = "HostnameConflict";

#[test]
fn in_one_gateway_no_listener_of_a_clash_wins() {
    let rows: [(&[Listener], &[&str]); 9] = [
        (
            &[
                (80, "HTTP", ""),
                (80, "HTTP", "a.com"),
                (80, "HTTP", "*.a.com"),
            ],
            &[NONE, NONE, NONE],
        ),
        (&[(80, "HTTP", ""), (81, "HTTP", "")], &[NONE, NONE]),
        (
            &[(80, "HTTP", "a.com"), (80, "HTTPS", "b.com")],
            &[PROTOCOL, PROTOCOL],
        ),
        (
            &[
                (80, "HTTP", "a.com"),
                (80, "HTTPS", "b.com"),
                (81, "HTTP", "a.com"),
            ],
            &[PROTOCOL, PROTOCOL, NONE],
        ),
        // Protocols that are not supported take no part.
        (&[(80, "HTTP", ""), (80, "x.dev/own", "")], &[NONE, NONE]),
        // TCP goes with nothing that is told apart further up, nor with itself; UDP has ports of its own (GEP-2644).
        (
            &[(80, "HTTP", ""), (80, "TCP", ""), (80, "UDP", "")],
            &[PROTOCOL, PROTOCOL, NONE],
        ),
        (
            &[(443, "TCP", ""), (443, "HTTPS", "a.com"), (443, "TLS", "")],
            &[PROTOCOL, PROTOCOL, PROTOCOL],
        ),
        // Both are told apart by the server name.
        (
            &[
                (443, "HTTPS", "a.com"),
                (443, "TLS", "a.com"),
                (443, "TLS", "b.com"),
                (443, "TLS", "*.com"),
            ],
            &[HOSTNAME, HOSTNAME, NONE, NONE],
        ),
        (
            &[(443, "HTTP", "a.com"), (443, "TLS", "b.com")],
            &[PROTOCOL, PROTOCOL],
        ),
    ];
    for (listeners, want) in rows {
        let gateways = [gateway("gw", FIRST, None, listeners)];
        assert_eq!(reasons(&gateways, "gw"), want, "{listeners:?}");
    }
}

#[test]
fn between_gateways_on_a_socket_the_older_keeps_what_it_has() {
    let rows: [(&[Listener], &[Listener], &[&str]); 6] = [
        (
            &[(80, "HTTP", "a.com")],
            &[(80, "HTTP", "a.com"), (80, "HTTP", "b.com")],
            &[HOSTNAME, NONE],
        ),
        (
            &[(80, "HTTP", "a.com")],
            &[(80, "HTTPS", "b.com"), (81, "HTTPS", "")],
            &[PROTOCOL, NONE],
        ),
        (&[(80, "HTTP", "")], &[(80, "HTTP", "a.com")], &[NONE]),
        (
            &[(53, "TCP", ""), (53, "UDP", "")],
            &[(53, "TCP", ""), (53, "UDP", ""), (54, "UDP", "")],
            &[PROTOCOL, PROTOCOL, NONE],
        ),
        (
            &[(443, "TLS", "a.com")],
            &[(443, "HTTPS", "a.com"), (443, "HTTPS", "b.com")],
            &[HOSTNAME, NONE],
        ),
        // What clashes within the older Gateway is served by nobody, and keeps nothing.
        (
            &[(80, "HTTP", ""), (80, "HTTPS", "")],
            &[(80, "HTTP", "")],
            &[NONE],
        ),
    ];
    for (older, younger, want) in rows {
        // The names sort the other way round: age comes first.
        let gateways = [
            gateway("a", SECOND, None, younger),
            gateway("z", FIRST, None, older),
        ];
        assert_eq!(
            reasons(&gateways, "a"),
            want,
            "{younger:?} beside {older:?}"
        );
    }
}

#[test]
fn of_gateways_of_one_age_the_first_by_name_keeps_what_it_has() {
    let listener: &[Listener] = &[(80, "HTTP", "")];
    let gateways = [
        gateway("b", FIRST, None, listener),
        gateway("a", FIRST, None, listener),
    ];
    assert_eq!(reasons(&gateways, "a"), [NONE]);
    assert_eq!(reasons(&gateways, "b"), [HOSTNAME]);
}

/// "Alphabetical order by {namespace}/{name}": `infra-b/a` comes before `infra/a`.
#[test]
fn of_gateways_of_one_age_the_name_counts_with_its_namespace() {
    let listener: &[Listener] = &[(80, "HTTP", "")];
    let mut elsewhere = gateway("a", FIRST, None, listener);
    elsewhere["metadata"]["namespace"] = json!("infra-b");
    let gateways = [gateway("a", FIRST, None, listener), elsewhere];
    assert_eq!(reasons(&gateways, "a"), [HOSTNAME]);
}

#[test]
fn gateways_on_different_addresses_do_not_clash() {
    let listener: &[Listener] = &[(80, "HTTP", "")];
    let gateways = [
        gateway("a", FIRST, Some("10.0.0.1"), listener),
        gateway("b", SECOND, Some("10.0.0.2"), listener),
        gateway("c", SECOND, Some("10.0.0.1"), listener),
        gateway("d", SECOND, None, listener),
    ];
    let of = |name| reasons(&gateways, name);
    assert_eq!(
        [of("a"), of("b"), of("c"), of("d")].concat(),
        [NONE, NONE, HOSTNAME, NONE]
    );
}
