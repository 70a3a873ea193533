//! Policies: what they are attached to as they come and go, and the writes of their statuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::sync::Arc;

use gateway_model::{Kind, ObjectRef, PolicyStatus, Resource};
use gateway_resolve::{Config, Resolution, Snapshot, Status, plan_statuses, resolve};

use support::{now, resources};

const SHOP: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: default}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}, {name: more, port: 81, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: s, port: 443}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: default}
spec: {ports: [{port: 443}]}
";

fn policy(name: &str, target: &str, host: &str) -> Resource {
    let text = format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}, namespace: default}}
spec:
  targetRefs: [{{group: '', kind: Service, name: {target}}}]
  validation: {{wellKnownCACertificates: System, hostname: {host}}}
"
    );
    resources("policy", text.as_bytes()).remove(0)
}

fn resolved(snapshot: &Snapshot) -> Resolution {
    resolve(snapshot, &Config::default(), now())
}

/// The name under which the backend is connected to by TLS.
fn server_name(snapshot: &Snapshot) -> Option<String> {
    let ir = resolved(snapshot).ir;
    let backend = ir.backends().values().next().unwrap();
    let tls = backend.tls.as_ref();
    tls.and_then(|tls| Some(tls.server_name.as_ref()?.to_string()))
}

#[test]
fn a_policy_is_for_what_its_latest_version_names() {
    let mut snapshot = Snapshot::from_resources(resources("shop", SHOP.as_bytes()));
    assert_eq!(server_name(&snapshot), None);
    let first = policy("p", "s", "a.example");
    snapshot.insert(first.clone());
    assert_eq!(server_name(&snapshot).as_deref(), Some("a.example"));
    snapshot.insert(policy("p", "s", "b.example"));
    assert_eq!(server_name(&snapshot).as_deref(), Some("b.example"));
    // Of two of one age, the name decides.
    snapshot.insert(policy("o", "s", "c.example"));
    assert_eq!(server_name(&snapshot).as_deref(), Some("c.example"));
    snapshot.insert(policy("o", "other", "c.example"));
    assert_eq!(server_name(&snapshot).as_deref(), Some("b.example"));
    assert!(snapshot.remove(&first.reference()));
    assert_eq!(server_name(&snapshot), None);
}

fn status(resolution: &Resolution, object: &ObjectRef) -> Option<PolicyStatus> {
    match resolution.statuses.get(object) {
        Some(Status::Policy(status)) => Some(status.clone()),
        _ => None,
    }
}

/// PolicyAncestorStatus: the entry is the Gateway's, and goes when no route of it leads to the target.
#[test]
fn a_policy_has_the_gateways_as_ancestors_that_lead_to_its_target() {
    let mut snapshot = Snapshot::from_resources(resources("shop", SHOP.as_bytes()));
    let mut object = policy("p", "s", "a.example");
    let reference = object.reference();
    snapshot.insert(object.clone());
    let resolution = resolved(&snapshot);
    let wanted = status(&resolution, &reference).unwrap();
    let ancestors: Vec<_> = wanted.ancestors.iter().collect();
    assert_eq!(ancestors.len(), 1, "one for all listeners of a Gateway");
    assert_eq!(ancestors[0].ancestor_ref.name, "g");
    let controller = &Config::default().controller_name;
    let writes = |snapshot: &Snapshot| {
        let writes = plan_statuses(snapshot, &resolved(snapshot).statuses, controller);
        let mut writes = writes.into_iter();
        writes.find(|write| write.object == reference)
    };
    assert_eq!(
        writes(&snapshot).unwrap().status,
        Status::Policy(wanted.clone())
    );
    if let Resource::BackendTlsPolicy(policy) = &mut object {
        Arc::make_mut(policy).status = wanted;
    }
    snapshot.insert(object);
    assert_eq!(writes(&snapshot), None, "nothing is missing");
    let route = snapshot.http_routes().get("default", "r").unwrap();
    let route = route.reference();
    snapshot.remove(&route);
    let gone = writes(&snapshot).unwrap();
    assert_eq!(gone.status, Status::Policy(PolicyStatus::default()));
}
