//! A kind of backend and a kind of policy of one's own: rules forward to queues, and policies say how urgent they are.

use std::net::SocketAddr;

use gateway_dataplane::ConnectionInfo;
use gateway_dataplane::head::RequestHead;
use gateway_dataplane::plan::{Plan, Planner};
use gateway_dataplane::table::{SocketKey, Table};
use gateway_model::{CustomObject, Resource, Timestamp, Unread, parse};
use gateway_resolve::ir::{Backend, BackendId, Endpoint, Extension};
use gateway_resolve::{
    BackendKind, Config, Kinds, Lookup, PolicyKind, PolicyOutcome, Snapshot, Unresolved, resolve,
};
use http::Request;
use serde::Deserialize;

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
metadata: {name: orders}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{group: shop.example, kind: Queue, name: orders}]}]
---
apiVersion: shop.example/v1
kind: Queue
metadata: {name: orders}
spec: {brokers: ["192.0.2.1:9092"]}
---
apiVersion: shop.example/v1
kind: Urgency
metadata: {name: orders}
spec:
  tier: 2
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: orders}]
"#;

/// What a rule may forward to.
#[derive(Debug)]
struct Queues;

#[derive(Deserialize)]
struct Queue {
    brokers: Vec<SocketAddr>,
}

impl BackendKind for Queues {
    fn group(&self) -> &str {
        "shop.example"
    }

    fn kind(&self) -> &str {
        "Queue"
    }

    fn backend(
        &self,
        id: &BackendId,
        object: &CustomObject,
        _known: &Lookup<'_>,
    ) -> Result<Backend, Unresolved> {
        let refused =
            |Unread { field, message }| Unresolved::not_found(format!("{field}: {message}"));
        let queue: Queue = object.spec().map_err(refused)?;
        let mut backend = Backend::new(id.clone(), object.source());
        backend.endpoints = queue.brokers.into_iter().map(Endpoint::at).collect();
        Ok(backend)
    }
}

/// What policies say of rules.
#[derive(Debug)]
struct Urgencies;

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Urgency {
    tier: u8,
}

impl PolicyKind for Urgencies {
    fn group(&self) -> &str {
        "shop.example"
    }

    fn kind(&self) -> &str {
        "Urgency"
    }

    fn read(&self, policy: &CustomObject, _known: &Lookup<'_>) -> PolicyOutcome {
        match policy.spec::<Urgency>() {
            Ok(urgency) => PolicyOutcome::new(Extension::new(urgency)),
            Err(Unread { field, message }) => PolicyOutcome::nothing().invalid(field, message),
        }
    }
}

fn main() {
    let manifests = parse("own_kinds.yaml", MANIFESTS);
    let known = manifests.resources.into_iter().map(|one| one.resource);
    let own = manifests.unknown.into_iter().map(|object| {
        let object = CustomObject::try_from(object).expect("an object");
        Resource::Custom(object.into())
    });
    let snapshot: Snapshot = known.chain(own).collect();
    let mut config = Config::default();
    config.kinds = Kinds::new().backend(Queues).policy(Urgencies);
    let resolution = resolve(&snapshot, &config, Timestamp::now());
    assert_eq!(resolution.statuses.findings().count(), 0);

    let table = Table::compile(&resolution.ir, |backend| {
        backend.endpoints[0].address.clone()
    });
    let socket = SocketKey::tcp(None, 80);
    let connection = ConnectionInfo::new(([192, 0, 2, 9], 4711).into(), socket);
    let request = Request::get("/").header("host", "shop.example.com");
    let request = request.body(()).expect("a request");
    let mut head = RequestHead::from(&request.into_parts().0);
    let table = table.socket(&socket).expect("the socket of the listener");
    let Plan::Forward(forward) = Planner::default().plan(table, &connection, &mut head, || 0)
    else {
        panic!("it is answered at once");
    };
    let settings = &forward.rule().ir().settings;
    let urgency = settings.extension::<Urgency>().expect("a policy");
    let policy = &urgency.origin.sources[0].object;
    println!(
        "{:?} at {:?}, by {policy}",
        urgency.value,
        forward.destination()
    );
    assert_eq!(urgency.value.tier, 2);
}
