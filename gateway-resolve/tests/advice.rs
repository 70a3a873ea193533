//! What is valid and yet of no use, and what is refused with a reason that helps.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use gateway_resolve::{Config, Resolution, Snapshot, Status, advise, resolve};

use support::{now, resources};

const SHOP: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: default}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: default}
spec: {ports: [{name: web, port: 80}]}
";

fn resolved(text: &str) -> (Snapshot, Resolution) {
    let snapshot = Snapshot::from_resources(resources("x.yaml", text.as_bytes()));
    let resolution = resolve(&snapshot, &Config::default(), now());
    (snapshot, resolution)
}

fn advice(text: &str) -> Vec<String> {
    let (snapshot, resolution) = resolved(&format!("{SHOP}---{text}"));
    let advice = advise(&snapshot, &resolution.ir);
    let shown = advice.iter().map(|one| match &one.field {
        Some(field) => format!("{} {} {field}", one.code, one.resource),
        None => format!("{} {}", one.code, one.resource),
    });
    shown.collect()
}

#[cfg(feature = "k8s-gateway")]
#[test]
fn a_resource_of_a_kind_that_is_not_resolved_is_said_to_do_nothing() {
    let parameters = "
apiVersion: gateway.gloo.solo.io/v1alpha1
kind: GatewayParameters
metadata: {name: more, namespace: default}
spec: {kube: {}}
";
    let expected = ["UnsupportedKind GatewayParameters default/more"];
    assert_eq!(advice(parameters), expected);
}

#[test]
fn a_listener_set_of_a_gateway_that_does_not_exist_is_found() {
    let set = "
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: default}
spec: {parentRef: {name: none}, listeners: [{name: a, port: 81, protocol: HTTP}]}
";
    let expected = ["NoGateway ListenerSet default/more spec.parentRef"];
    assert_eq!(advice(set), expected);
    let gateway = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: none, namespace: default}
spec: {gatewayClassName: any, listeners: [{name: a, port: 80, protocol: HTTP}]}
";
    assert!(advice(&format!("{set}{gateway}")).is_empty());
}

const ROUTE: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: s, port: 80}]}]}
";

fn slice(metadata: &str, port: &str, ready: bool) -> String {
    format!(
        "{ROUTE}---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: s-1, {metadata}}}
addressType: IPv4
ports: [{{name: {port}, port: 8080}}]
endpoints: [{{addresses: [127.0.0.1], conditions: {{ready: {ready}}}}}]
"
    )
}

/// HTTPRoute `backendRefs`: a Service without ready endpoints SHOULD be answered for with 503; no condition
/// says so.
#[test]
fn services_without_endpoints_and_slices_without_a_service_are_told() {
    let own = "namespace: default, labels: {kubernetes.io/service-name: s}";
    let none = "NoEndpoints Service default/s";
    let homeless = |namespace| format!("NoService EndpointSlice {namespace}/s-1 metadata.labels");
    assert_eq!(advice(&slice(own, "web", true)), [""; 0]);
    assert_eq!(advice(ROUTE), [none]);
    assert_eq!(advice(&slice(own, "other", true)), [none]);
    assert_eq!(advice(&slice(own, "web", false)), [none]);
    for (metadata, namespace) in [
        ("namespace: default", "default"),
        (
            "namespace: default, labels: {kubernetes.io/service-name: typo}",
            "default",
        ),
        (
            "namespace: other, labels: {kubernetes.io/service-name: s}",
            "other",
        ),
    ] {
        let told = advice(&slice(metadata, "web", true));
        assert_eq!(told, [none.to_owned(), homeless(namespace)]);
    }
}

#[test]
fn what_is_never_matched_or_mirrored_is_told() {
    let route = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec:
  parentRefs: [{name: g}]
  rules:
  - matches: [{method: GET}, {method: CONNECT}]
    filters:
    - {type: RequestMirror, requestMirror: {backendRef: {name: s, port: 80}}}
    - {type: RequestRedirect, requestRedirect: {hostname: x.test}}
";
    let told = advice(route);
    let route = "HTTPRoute default/r spec.rules[0]";
    let want = [
        format!("NeverMatches {route}.matches[1].method"),
        format!("NeverMirrored {route}.filters[0]"),
    ];
    for one in want {
        assert!(told.contains(&one), "{told:?}");
    }
}

/// The conditions of the first listener, as `Accepted=False/UnsupportedValue`.
fn listener(allowed: &str) -> Vec<String> {
    let (_, resolution) = resolved(&format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: g, namespace: default}}
spec:
  gatewayClassName: any
  listeners: [{{name: http, port: 80, protocol: HTTP, allowedRoutes: {{namespaces: {allowed}}}}}]
"
    ));
    let (_, Status::Gateway(status)) = resolution.statuses.iter().next().unwrap() else {
        panic!("a Gateway")
    };
    let conditions = status.listeners[0].conditions.iter();
    conditions
        .map(|c| format!("{}={:?}/{}", c.type_, c.status, c.reason))
        .collect()
}

#[test]
fn a_selector_that_selects_nothing_in_particular_is_not_accepted() {
    let refused = "Accepted=False/UnsupportedValue".to_owned();
    for selector in [
        "{from: Selector}",
        "{from: Selector, selector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}",
        "{from: Selector, selector: {matchExpressions: [{key: a, operator: In}]}}",
        "{from: Selector, selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        "{from: Selector, selector: {matchLabels: {\"a b\": c}}}",
        "{from: Selector, selector: {matchLabels: {a: -c}}}",
    ] {
        assert!(listener(selector).contains(&refused), "{selector}");
    }
    for selector in [
        "{from: Selector, selector: {}}",
        "{from: Selector, selector: {matchLabels: {example.com/a: b, c: \"\"}}}",
        "{from: All}",
    ] {
        assert!(!listener(selector).contains(&refused), "{selector}");
    }
}

/// A reference across namespaces needs a ReferenceGrant before anything else is said of it.
#[test]
fn a_client_certificate_of_another_namespace_needs_a_grant() {
    let gateway = |namespace: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: g, namespace: default}}
spec:
  gatewayClassName: any
  tls: {{backend: {{clientCertificateRef: {{kind: Secret, name: x, namespace: {namespace}}}}}}}
  listeners: [{{name: http, port: 80, protocol: HTTP}}]
"
        )
    };
    let code = |namespace: &str| {
        let (_, resolution) = resolved(&gateway(namespace));
        resolution.statuses.findings().next().unwrap().code
    };
    assert_eq!(code("other"), "RefNotPermitted");
    assert_eq!(code("default"), "InvalidClientCertificateRef");
}

#[test]
fn gateways_that_get_addresses_of_their_own_do_not_conflict() {
    let (first, _) = SHOP.split_once("---").unwrap();
    let second = first.replace("name: g,", "name: h,");
    let snapshot = Snapshot::from_resources(resources(
        "x.yaml",
        format!("{first}---{second}").as_bytes(),
    ));
    let mut config = Config::default();
    let found = |config: &Config| {
        resolve(&snapshot, config, now())
            .statuses
            .findings()
            .count()
    };
    assert_ne!(found(&config), 0);
    config.default_is_shared = false;
    assert_eq!(found(&config), 0);
}

/// Gloo Gateway, route delegation: a child is attached to its parent by that one's reference.
#[cfg(feature = "k8s-gateway")]
#[test]
fn a_route_that_is_delegated_to_needs_no_parent() {
    let text = include_str!("golden_k8s/delegation-basic/input.yaml");
    let codes = |text: &str| {
        let (snapshot, resolution) = resolved(text);
        let advice = advise(&snapshot, &resolution.ir);
        advice.iter().filter(|one| one.code == "NoParent").count()
    };
    assert_eq!(codes(text), 0);
    assert_eq!(
        codes(&text.replace("name: child, namespace: team}]", "name: other}]")),
        1
    );
}

/// What the findings of the statuses say.
fn messages(text: &str) -> Vec<String> {
    let (_, resolution) = resolved(&format!("{SHOP}---{text}"));
    let findings = resolution.statuses.findings();
    findings.map(|finding| finding.message.clone()).collect()
}

/// BackendObjectReference `group`: "When unspecified or empty string, core API group is inferred."
#[test]
fn who_calls_the_core_group_by_its_name_is_told_how_it_is_written() {
    let said = messages(&ROUTE.replace("{name: s,", "{group: core, kind: Service, name: s,"));
    let hint = "the core group is written as group: \"\"";
    assert!(
        said.iter().any(|message| message.contains(hint)),
        "{said:?}"
    );
}

/// RouteNamespaces `selector`: labels of a Namespace that is not among the files cannot be selected.
#[test]
fn a_namespace_that_is_not_there_is_said_to_be_the_reason() {
    let selects = "listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: \
                   {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}]";
    let shop = SHOP.replace(
        "listeners: [{name: http, port: 80, protocol: HTTP}]",
        selects,
    );
    let said = |namespaces: &str| {
        let (_, resolution) = resolved(&format!("{shop}---{ROUTE}{namespaces}"));
        let findings = resolution.statuses.findings();
        let one = findings
            .into_iter()
            .find(|one| one.code == "NotAllowedByListeners");
        one.unwrap().message.clone()
    };
    let hint = "there is no Namespace of this name";
    assert!(said("").contains(hint), "{}", said(""));
    let there = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n";
    assert!(!said(there).contains(hint), "{}", said(there));
}
