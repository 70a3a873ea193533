//! Kinds of an embedder's own: what rules refer to, and policies that are attached as others are (GEP-713).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/own.rs"]
mod own;
mod support;

use std::sync::Arc;

use gateway_model::{ObjectRef, Resource};
use gateway_resolve::ir::{Action, BackendId, Ir, Rule, RuleSettings, Target};
use gateway_resolve::{Finding, Resolution, Snapshot, Status, plan_statuses, resolve};
use serde_json::json;

use own::{GROUP, Urgency, config, resources};
use support::now;

const SHOP: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: shop}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}, {name: more, port: 81, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{name: web}]
  rules:
  - name: orders
    backendRefs: [{group: shop.example, kind: Queue, name: orders, port: 9}]
  - name: cart
    matches: [{path: {value: /cart}}]
    backendRefs: [{name: cart, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {ports: [{name: web, port: 80}]}
";

const ORDERS: &str = "
apiVersion: shop.example/v1
kind: Queue
metadata: {name: orders, namespace: shop, generation: 3}
spec: {brokers: ['192.0.2.1:9092']}
";

fn urgency(name: &str, day: u8, tier: u8, target: &str) -> String {
    format!(
        "apiVersion: shop.example/v1
kind: Urgency
metadata: {{name: {name}, namespace: shop, creationTimestamp: '2025-01-0{day}T00:00:00Z'}}
spec: {{tier: {tier}, targetRefs: [{target}]}}
"
    )
}

const ROUTE: &str = "{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}";

fn snapshot(texts: &[&str]) -> Snapshot {
    texts.iter().flat_map(|text| resources(text)).collect()
}

fn resolved(texts: &[&str]) -> Resolution {
    resolve(&snapshot(texts), &config(), now())
}

fn rule(ir: &Ir, index: usize) -> Arc<Rule> {
    let routes = ir.listeners()[0].hosts()[0].routes.iter();
    let mut rules = routes.map(|route| &route.rule);
    Arc::clone(rules.find(|rule| rule.source.id.index == index).unwrap())
}

fn queue() -> BackendId {
    BackendId::new(ObjectRef::new(GROUP, "Queue", "shop", "orders"), None)
}

fn findings(resolution: &Resolution) -> Vec<String> {
    let findings = resolution.statuses.findings();
    findings.map(ToString::to_string).collect()
}

#[test]
fn a_rule_forwards_to_a_backend_of_an_own_kind_which_needs_no_port() {
    let Resolution { ir, statuses, .. } = resolved(&[SHOP, ORDERS]);
    assert_eq!(statuses.findings().count(), 0);
    let Action::Forward(split) = &rule(&ir, 0).action else {
        panic!("{ir:?}")
    };
    assert_eq!(split.targets()[0].target, Target::Backend(queue()));
    let backend = &ir.backends()[&queue()];
    assert_eq!(backend.id.to_string(), "Queue shop/orders");
    assert_eq!(backend.source.generation, 3);
    assert_eq!(backend.endpoints[0].address.to_string(), "192.0.2.1:9092");
    // The id comes through the serialised form as it is.
    let written = serde_json::to_value(&ir).unwrap();
    assert_eq!(serde_json::from_value::<Ir>(written).unwrap(), ir);
}

#[test]
fn a_reference_to_an_own_kind_that_does_not_resolve_is_refused_as_others_are() {
    let missing = resolved(&[SHOP]);
    let found: Vec<&Finding> = missing.statuses.findings().collect();
    assert_eq!(found[0].code, "BackendNotFound");
    assert_eq!(found[0].missing, Some(queue().object));
    let refused = |spec: &str| {
        let text = format!(
            "apiVersion: {GROUP}/v1\nkind: Queue\nmetadata: {{name: orders, namespace: shop}}\nspec: {spec}\n"
        );
        findings(&resolved(&[SHOP, &text])).join("\n")
    };
    assert!(refused("{brokers: [nobody]}").contains("spec.brokers[0]: invalid socket address"));
    assert!(
        refused("{service: none}").contains("Service shop/none does not exist (BackendNotFound)")
    );
    assert!(
        refused("{opaque: true}")
            .contains("expected a backend that speaks HTTP (UnsupportedProtocol)")
    );
    let other = SHOP.replace("kind: Queue", "kind: Topic");
    let said = findings(&resolved(&[&other])).join("\n");
    assert!(
        said.contains(
            r#"expected a Service of the core group, or a Queue of group "shop.example", found"#
        ),
        "{said}"
    );
}

/// ReferenceGrant: references across namespaces.
#[test]
fn a_reference_to_an_own_kind_in_another_namespace_needs_a_grant() {
    let route = SHOP.replace(
        "name: orders, port: 9",
        "name: orders, namespace: stock, port: 9",
    );
    let orders = ORDERS.replace("namespace: shop", "namespace: stock");
    let grant = "
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: g, namespace: stock}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: shop.example, kind: Queue}]
";
    let refused = findings(&resolved(&[&route, &orders]));
    assert!(refused[0].ends_with("(RefNotPermitted)"), "{refused:?}");
    assert_eq!(findings(&resolved(&[&route, &orders, grant])), [""; 0]);
}

fn tier(settings: &RuleSettings) -> Option<(u8, String)> {
    let set = settings.extension::<Urgency>()?;
    Some((
        set.value.tier,
        set.origin.sources[0].object.name.to_string(),
    ))
}

/// GEP-713: what is for a section goes before what is for the whole, then the older before the younger.
#[test]
fn a_policy_of_an_own_kind_sets_its_value_in_the_rules_of_its_target() {
    let whole = urgency("whole", 2, 1, ROUTE);
    let younger = urgency("younger", 3, 2, ROUTE);
    let section = ROUTE.replace("name: r", "name: r, sectionName: cart");
    let section = urgency("section", 4, 3, &section);
    let Resolution { ir, statuses, .. } = resolved(&[SHOP, ORDERS, &whole, &younger, &section]);
    assert_eq!(tier(&rule(&ir, 0).settings), Some((1, "whole".to_owned())));
    assert_eq!(
        tier(&rule(&ir, 1).settings),
        Some((3, "section".to_owned()))
    );
    let said: Vec<_> = statuses
        .findings()
        .map(|found| (&*found.resource.name, found.code))
        .collect();
    assert_eq!(said, [("younger", "Conflicted")]);
    let written = serde_json::to_string(&ir).unwrap();
    let read = serde_json::from_str::<Ir>(&written)
        .unwrap_err()
        .to_string();
    assert!(read.contains("is not read back"), "{read}");
}

/// A Gateway with a listener for routes of each kind of layer 4, and these.
fn streams() -> String {
    let mut text = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: shop}
spec:
  gatewayClassName: any
  listeners:
  - {name: tcp, port: 90, protocol: TCP}
  - {name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}
  - {name: udp, port: 53, protocol: UDP}
"
    .to_owned();
    for (kind, listener) in [
        ("TCPRoute", "tcp"),
        ("TLSRoute", "tls"),
        ("UDPRoute", "udp"),
    ] {
        let hosts = match kind {
            "TLSRoute" => "hostnames: [a.example], ",
            _ => "",
        };
        text += &format!(
            "---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: r, namespace: shop}}
spec: {{{hosts}parentRefs: [{{name: web, sectionName: {listener}}}], rules: [{{name: all, backendRefs: [{{name: cart, port: 80}}]}}]}}
"
        );
    }
    text
}

/// GEP-713, on layer 4: as for HTTP.
#[test]
fn a_policy_of_an_own_kind_sets_its_value_in_rules_of_layer_4() {
    for kind in ["TCPRoute", "TLSRoute", "UDPRoute"] {
        let route = ROUTE.replace("HTTPRoute", kind);
        let whole = urgency("whole", 1, 1, &route);
        let younger = urgency("younger", 3, 4, &route);
        let section = route.replace("name: r", "name: r, sectionName: all");
        let section = urgency("section", 2, 3, &section);
        let streams = streams();
        let tiers = |policies: &[&str]| {
            let texts = [&[&*streams], policies].concat();
            let Resolution { ir, statuses, .. } = resolved(&texts);
            let rules = ir.listeners().iter().flat_map(|one| one.stream_rules());
            let set = rules.filter_map(|rule| {
                let set = rule.settings.extension::<Urgency>()?;
                Some((rule.source.id.route.kind.to_string(), set.value.tier))
            });
            (set.collect::<Vec<_>>(), statuses)
        };
        assert_eq!(tiers(&[]).0, []);
        let (set, statuses) = tiers(&[&whole, &younger]);
        assert_eq!(set, [(kind.to_owned(), 1)]);
        let said = statuses.findings();
        let said: Vec<_> = said.map(|one| (&*one.resource.name, one.code)).collect();
        assert!(said.contains(&("younger", "Conflicted")), "{said:?}");
        let object = ObjectRef::new(GROUP, "Urgency", "shop", "whole");
        let Some(Status::Custom { status, .. }) = statuses.get(&object) else {
            panic!("{kind}")
        };
        assert_eq!(status.ancestors.len(), 1, "{kind}");
        assert_eq!(tiers(&[&whole, &section]).0, [(kind.to_owned(), 3)]);
    }
}

#[test]
fn a_policy_of_an_own_kind_is_for_listeners_and_backends_too() {
    let gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: more}";
    let more = urgency("more", 1, 4, gateway);
    let port = urgency(
        "port",
        1,
        5,
        "{group: '', kind: Service, name: cart, sectionName: web}",
    );
    let own = urgency(
        "own",
        1,
        6,
        "{group: shop.example, kind: Queue, name: orders}",
    );
    let Resolution { ir, statuses, .. } = resolved(&[SHOP, ORDERS, &more, &port, &own]);
    assert_eq!(statuses.findings().count(), 0);
    let tiers = ir.listeners().iter().map(|listener| {
        let set = listener.settings.extension::<Urgency>();
        set.map(|set| set.value.tier)
    });
    assert_eq!(tiers.collect::<Vec<_>>(), [None, Some(4)]);
    let tiers = ir.backends().values().map(|backend| {
        let set = backend.settings.extension::<Urgency>();
        set.map(|set| (backend.id.object.kind.to_string(), set.value.tier))
    });
    let wanted = [
        Some(("Service".to_owned(), 5)),
        Some(("Queue".to_owned(), 6)),
    ];
    assert_eq!(tiers.collect::<Vec<_>>(), wanted);
    for name in ["more", "port", "own"] {
        let object = ObjectRef::new(GROUP, "Urgency", "shop", name);
        let Some(Status::Custom { status, .. }) = statuses.get(&object) else {
            panic!("{name}")
        };
        let [ancestor] = &*status.ancestors else {
            panic!("{name}")
        };
        assert_eq!(ancestor.ancestor_ref.name, "web");
        let conditions = ancestor.conditions.iter().map(|one| one.type_.as_str());
        assert_eq!(conditions.collect::<Vec<_>>(), ["Accepted", "ResolvedRefs"]);
    }
}

#[test]
fn what_is_wrong_with_a_policy_of_an_own_kind_is_found() {
    let grpc = urgency(
        "a",
        1,
        1,
        "{group: gateway.networking.k8s.io, kind: GRPCRoute, name: r}",
    );
    let missing = urgency("b", 1, 1, &ROUTE.replace("name: r", "name: none"));
    let unread = urgency("c", 1, 1, ROUTE).replace("tier: 1", "tier: high");
    let label = urgency("d", 2, 1, "{group: '', kind: Service, name: cart}")
        .replace("tier: 1", "tier: 1, labelFrom: none");
    let found = resolved(&[SHOP, ORDERS, &grpc, &missing, &unread, &label]);
    let said: Vec<_> = found
        .statuses
        .findings()
        .map(|found| {
            (
                &*found.resource.name,
                found.code,
                found.field.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("a", "Invalid", "spec.targetRefs[0]"),
            ("b", "TargetNotFound", "spec.targetRefs[0]"),
            ("c", "Invalid", "spec.tier"),
            ("d", "RefNotFound", "spec.labelFrom"),
        ]
    );
    assert_eq!(tier(&rule(&found.ir, 0).settings), None);
}

#[test]
fn the_status_of_an_object_of_an_own_kind_is_written_beside_what_others_say() {
    let theirs = json!({"ancestorRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "web"}, "controllerName": "other.example/x", "conditions": []});
    let mut resources = resources(&[SHOP, ORDERS, &urgency("whole", 2, 1, ROUTE)].join("\n---\n"));
    for resource in &mut resources {
        if let Resource::Custom(object) = resource
            && object.kind == "Urgency"
        {
            let object = Arc::make_mut(object);
            object.status =
                serde_json::from_value(json!({"phase": "Ready", "ancestors": [theirs]})).unwrap();
            object.metadata.resource_version = Some("7".to_owned());
        }
    }
    let mut snapshot = Snapshot::from_resources(resources);
    let config = config();
    let statuses = resolve(&snapshot, &config, now()).statuses;
    let writes = plan_statuses(&snapshot, &statuses, &config.controller_name);
    let is_own = |write: &&gateway_resolve::StatusWrite| write.object.kind == "Urgency";
    let write = writes.iter().find(is_own).unwrap();
    let replacement = write.replacement();
    assert_eq!(replacement["apiVersion"], "shop.example/v1");
    assert_eq!(replacement["status"]["phase"], "Ready");
    assert_eq!(
        replacement["status"]["ancestors"].as_array().unwrap().len(),
        2
    );
    assert!(snapshot.wrote(write, Some("8".to_owned())));
    let statuses = resolve(&snapshot, &config, now()).statuses;
    let again = plan_statuses(&snapshot, &statuses, &config.controller_name);
    assert_eq!(again.iter().find(is_own), None);
}

#[test]
fn statuses_can_be_added_to() {
    let mut resolution = resolved(&[SHOP, ORDERS]);
    let status = serde_json::from_value(json!({"brokers": 1})).unwrap();
    let api_version = format!("{GROUP}/v1");
    resolution.statuses.set(
        queue().object,
        Status::Custom {
            api_version,
            status,
        },
    );
    let finding = Finding {
        resource: queue().object,
        field: None,
        code: "Slow",
        message: "one broker is slow".to_owned(),
        missing: None,
    };
    resolution.statuses.find(finding.clone());
    resolution.statuses.find(finding);
    assert_eq!(
        findings(&resolution),
        ["Queue shop/orders: one broker is slow (Slow)"]
    );
    let documents: Vec<_> = resolution
        .statuses
        .documents()
        .map(|one| serde_json::to_value(one).unwrap())
        .collect();
    let wanted = json!({"apiVersion": "shop.example/v1", "kind": "Queue", "metadata": {"name": "orders", "namespace": "shop"}, "status": {"brokers": 1}});
    assert!(documents.contains(&wanted), "{documents:?}");
    let snapshot = snapshot(&[SHOP, ORDERS]);
    let writes = plan_statuses(&snapshot, &resolution.statuses, "x.example/c");
    assert!(writes.iter().any(|write| write.object == queue().object));
}
