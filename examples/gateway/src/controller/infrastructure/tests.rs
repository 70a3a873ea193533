use gateway_model::{ObjectRef, Resource, Timestamp, parse};
use gateway_resolve::{Config, Snapshot, resolve};
use serde_json::{Value, json};

use super::super::write::{Content, Write};
use super::{Of, missing, name};

const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: infra, uid: u-1}
spec:
  gatewayClassName: ours
  addresses: [{value: 192.0.2.1}, {value: '2001:db8::1'}]
  allowedListeners: {namespaces: {from: All}}
  infrastructure: {labels: {team: blue}, annotations: {note: hello}}
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - {name: more, port: 80, protocol: HTTP, hostname: a.com}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: set, namespace: other}
spec:
  parentRef: {name: web, namespace: infra}
  listeners: [{name: http, port: 8080, protocol: HTTP}]
";

/// The objects that are written.
fn written(snapshot: &Snapshot) -> Vec<(ObjectRef, Value)> {
    let config = Config::default();
    let resolution = resolve(snapshot, &config, Timestamp::UNIX_EPOCH);
    let writes = missing(&Of::All, snapshot, &resolution.statuses, &resolution.ir);
    let object = |write: Write| match write.content {
        Content::Object(wanted) => (write.key.object, wanted),
        other => unreachable!("{other:?}"),
    };
    writes.into_iter().map(object).collect()
}

fn snapshot(text: &str) -> Snapshot {
    let resources = parse("test.yaml", text.as_bytes()).resources;
    resources
        .into_iter()
        .map(|loaded| loaded.resource)
        .collect()
}

fn as_stored(object: &Value) -> Resource {
    let text = object.to_string();
    let mut parsed = parse("stored.yaml", text.as_bytes()).resources;
    parsed.remove(0).resource
}

/// GEP-1762, and Gateway `spec.infrastructure`.
#[test]
fn a_gateway_has_a_service_that_leads_to_its_addresses() {
    let objects = written(&snapshot(GATEWAY));
    let names: Vec<_> = objects
        .iter()
        .map(|(object, _)| object.to_string())
        .collect();
    let slices = [
        "EndpointSlice infra/web-ours-ipv4",
        "EndpointSlice infra/web-ours-ipv6",
    ];
    assert_eq!(names, ["Service infra/web-ours", slices[0], slices[1]]);
    for (_, object) in &objects {
        let metadata = &object["metadata"];
        assert_eq!(metadata["labels"]["team"], "blue");
        assert_eq!(
            metadata["labels"]["gateway.networking.k8s.io/gateway-name"],
            "web"
        );
        assert_eq!(metadata["annotations"]["note"], "hello");
        assert_eq!(metadata["ownerReferences"][0]["uid"], "u-1");
    }
    let ports = json!([
        {"name": "tcp-80", "port": 80, "protocol": "TCP"},
        {"name": "tcp-8080", "port": 8080, "protocol": "TCP"},
    ]);
    assert_eq!(
        objects[0].1["spec"],
        json!({"clusterIP": "None", "ports": ports})
    );
    let (slice, label) = (&objects[1].1, "kubernetes.io/service-name");
    assert_eq!(slice["metadata"]["labels"][label], "web-ours");
    assert_eq!(slice["endpoints"][0]["addresses"], json!(["192.0.2.1"]));
    assert_eq!(slice["ports"], ports);
}

#[test]
fn what_is_as_wanted_is_not_written_again() {
    let mut cluster = snapshot(GATEWAY);
    let objects = written(&cluster);
    cluster.extend(objects.iter().map(|(_, object)| as_stored(object)));
    assert_eq!(written(&cluster), []);
    let changed = GATEWAY
        .replace("team: blue", "team: red")
        .replace("port: 8080", "port: 8081");
    cluster.extend(snapshot(&changed).iter());
    let again = written(&cluster);
    assert_eq!(again.len(), objects.len());
    assert_eq!(again[0].1["spec"]["ports"][1]["port"], 8081);
}

#[test]
fn what_is_somebody_elses_is_left_alone() {
    let mut cluster = snapshot(GATEWAY);
    let own = "{apiVersion: v1, kind: Service, metadata: {name: web-ours, namespace: infra},
        spec: {ports: [{port: 1}]}}";
    cluster.extend(snapshot(own).iter());
    let written = written(&cluster);
    assert!(
        written
            .iter()
            .all(|(object, _)| &*object.kind == "EndpointSlice")
    );
}

/// Names of Services are DNS labels (RFC 1035); those of Gateways may be long, and have dots.
#[test]
fn names_that_are_no_labels_are_told_apart_by_a_hash() {
    assert_eq!(name("web-ours", 50), "web-ours");
    let long = "a".repeat(200);
    let names = [
        name(&long, 50),
        name(&format!("{long}b"), 50),
        name("a.b", 50),
        name("1", 50),
    ];
    for name in &names {
        assert!(name.len() <= 50 && !name.contains('.'), "{name}");
        assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
    }
    assert_ne!(names[0], names[1]);
    assert_ne!(name("a.b", 50), name("a-b", 50));
}

/// A change of a ListenerSet is one of its Gateway; whose one was that is gone isn't known.
#[test]
fn what_gateways_miss_is_looked_at_where_something_changed() {
    let cluster = snapshot(GATEWAY);
    let of = |object: &ObjectRef| Of::touched(&[object.clone()].into(), &cluster);
    let object = |kind: &'static str, namespace, name| {
        ObjectRef::new("gateway.networking.k8s.io", kind, namespace, name)
    };
    let web = object("Gateway", "infra", "web");
    let other = object("Gateway", "infra", "other");
    for touched in [&web, &object("ListenerSet", "other", "set")] {
        let of = of(touched);
        assert!(of.has(&web) && !of.has(&other) && !of.is_none());
    }
    let gone = of(&object("ListenerSet", "other", "gone"));
    assert!(gone.has(&web) && gone.has(&other));
    assert!(of(&object("HTTPRoute", "infra", "route")).is_none());
}
