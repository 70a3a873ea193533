//! Writes of statuses, in the forms that an API server takes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use gateway_model::{Resource, RouteStatus, Timestamp, parse_stored};
use gateway_resolve::{Config, Snapshot, Status, StatusWrite, plan_statuses, resolve};
use serde_json::{Value, json};

const STORED: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, generation: 2, resourceVersion: "7"}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
status:
  addresses: [{type: IPAddress, value: 10.0.0.1}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: gone, resourceVersion: "8"}
spec: {rules: [{backendRefs: [{name: a, port: 1}]}]}
status:
  parents:
  - controllerName: example.com/gateway
    parentRef: {name: web}
    conditions:
    - {type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2025-01-01T00:00:00Z"}
"#;

fn stored() -> Snapshot {
    let loaded = parse_stored("cluster", STORED.as_bytes()).resources;
    loaded.into_iter().map(|loaded| loaded.resource).collect()
}

fn config() -> Config {
    let mut config = Config::default();
    config.controller_name = "example.com/gateway".to_owned();
    config
}

fn plan(snapshot: &Snapshot) -> Vec<StatusWrite> {
    let config = config();
    let now: Timestamp = "2026-01-01T00:00:00.75Z".parse().unwrap();
    let statuses = resolve(snapshot, &config, now).statuses;
    plan_statuses(snapshot, &statuses, &config.controller_name)
}

/// RFC 7396 section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            value => merge(target.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

#[test]
fn a_merge_patch_comes_to_the_same_as_a_replacement() {
    let snapshot = stored();
    let writes = plan(&snapshot);
    assert_eq!(writes.len(), 2, "{writes:?}");
    for write in writes {
        let object = snapshot.get(&write.object).unwrap();
        let mut patched = serde_json::to_value(&object).unwrap();
        merge(&mut patched, &write.merge_patch());
        let replacement = write.replacement();
        assert_eq!(patched["status"], replacement["status"]);
        assert_eq!(patched["apiVersion"], replacement["apiVersion"]);
        assert_eq!(patched["kind"], replacement["kind"]);
    }
}

#[test]
fn emptied_lists_are_null_or_whole_in_a_merge_patch() {
    let writes = plan(&stored());
    let patches: Vec<_> = writes.iter().map(StatusWrite::merge_patch).collect();
    assert_eq!(patches[0]["status"]["addresses"], Value::Null);
    let route = json!({
        "metadata": {"name": "gone", "namespace": "default", "resourceVersion": "8"},
        "status": {"parents": []},
    });
    assert_eq!(patches[1], route);
}

#[test]
fn a_write_that_was_taken_in_is_planned_no_more() {
    let mut snapshot = stored();
    for write in plan(&snapshot) {
        assert!(snapshot.wrote(&write, Some("9".to_owned())));
        assert!(
            !snapshot.wrote(&write, Some("10".to_owned())),
            "another version"
        );
        let resource = snapshot.get(&write.object).unwrap();
        assert_eq!(resource.metadata().resource_version.as_deref(), Some("9"));
    }
    assert_eq!(plan(&snapshot), []);
}

/// `metav1.Time` has no fractions of a second.
#[test]
fn times_of_conditions_are_whole_seconds() {
    let write = plan(&stored()).remove(0);
    let Status::Gateway(status) = write.status else {
        panic!("the Gateway comes first");
    };
    let times = status
        .conditions
        .iter()
        .map(|c| c.last_transition_time.to_string());
    let times: Vec<_> = times.collect();
    assert!(!times.is_empty());
    assert!(
        times.iter().all(|time| time == "2026-01-01T00:00:00Z"),
        "{times:?}"
    );
}

#[test]
fn a_status_of_another_kind_is_not_taken_in() {
    let mut snapshot = stored();
    let mut write = plan(&snapshot).remove(0);
    write.status = Status::Route(RouteStatus::default());
    let before = snapshot.get(&write.object);
    assert!(!snapshot.wrote(&write, None));
    assert_eq!(snapshot.get(&write.object), before);
    assert!(matches!(before, Some(Resource::Gateway(_))));
}

#[cfg(feature = "k8s-gateway")]
mod options {
    //! K8sGateway: `status.statuses` has an entry for the namespace of each controller, and is no subresource.

    use gateway_model::{Timestamp, parse_stored};
    use gateway_resolve::{Author, Config, Snapshot, StatusWrite, plan_statuses, resolve};
    use serde_json::{Value, json};

    const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: any, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
";

    /// An option of which another controller says something.
    fn option(target: &str, own: &str) -> String {
        format!(
            "
apiVersion: gateway.solo.io/v1
kind: VirtualHostOption
metadata: {{name: hosts, resourceVersion: '5'}}
spec:
  targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: {target}}}]
  options: {{csrf: {{}}}}
status:
  statuses:
    elsewhere: {{state: 1, reportedBy: other, details: {{a: b}}}}
    {own}
"
        )
    }

    fn plan(manifests: &str) -> (Snapshot, Vec<StatusWrite>) {
        let loaded = parse_stored("cluster", manifests.as_bytes()).resources;
        let snapshot: Snapshot = loaded.into_iter().map(|loaded| loaded.resource).collect();
        let mut config = Config::default();
        config.namespace = "here".to_owned();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let statuses = resolve(&snapshot, &config, now).statuses;
        let writes = planned(&snapshot, &statuses);
        (snapshot, writes)
    }

    fn planned(snapshot: &Snapshot, statuses: &gateway_resolve::Statuses) -> Vec<StatusWrite> {
        let author = Author {
            controller: "example.com/gateway",
            former: &[],
            namespace: Some("here"),
        };
        let mut writes = plan_statuses(snapshot, statuses, author);
        writes.retain(|write| write.object.kind == "VirtualHostOption");
        writes
    }

    #[test]
    fn the_entry_of_the_own_namespace_alone_is_written_under_the_version() {
        let (mut snapshot, writes) = plan(&(GATEWAY.to_owned() + &option("web", "")));
        let own = json!({
            "state": "Accepted", "reportedBy": "gloo-kube-gateway", "reason": null,
            "subresourceStatuses": null, "details": null, "messages": null,
        });
        let metadata = json!({"name": "hosts", "namespace": "default", "resourceVersion": "5"});
        assert_eq!(writes.len(), 1);
        let want = json!({"metadata": metadata, "status": {"statuses": {"here": own}}});
        assert_eq!(writes[0].merge_patch(), want);
        assert!(snapshot.wrote(&writes[0], Some("6".to_owned())));
        let mut config = Config::default();
        config.namespace = "here".to_owned();
        let now: Timestamp = "2026-01-01T00:00:01Z".parse().unwrap();
        let statuses = resolve(&snapshot, &config, now).statuses;
        assert_eq!(planned(&snapshot, &statuses), [], "the same again");
    }

    #[test]
    fn the_entry_goes_when_nothing_is_said_of_the_option() {
        let stored = option(
            "none",
            "here: {state: Accepted, reportedBy: gloo-kube-gateway}",
        );
        let (_, writes) = plan(&(GATEWAY.to_owned() + &stored));
        assert_eq!(writes.len(), 1);
        let patch = writes[0].merge_patch();
        assert_eq!(patch["status"], json!({"statuses": {"here": Value::Null}}));
        let (_, writes) = plan(&(GATEWAY.to_owned() + &option("none", "")));
        assert_eq!(writes, [], "there is none");
    }
}
