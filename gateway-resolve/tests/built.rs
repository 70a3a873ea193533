//! Resources that no API server would admit, as a program may build them: resolution refuses what
//! it cannot honour all the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::sync::Arc;

use gateway_model::{
    Gateway, HttpFilter, HttpPathMatch, HttpRoute, HttpRule, Kind, PathModifier, Port,
    RequestRedirect, Resource, TlsMode, UrlRewrite,
};
use gateway_resolve::ir::{Action, DataPlane, Ir, ListenerId, RefusalReason};
use gateway_resolve::{Config, Resolution, Snapshot, Status, reconcile, resolve};

use support::{now, resources};

const MANIFEST: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: example
  listeners: [{name: main, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route, namespace: infra}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: service, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: service, namespace: infra}
spec: {ports: [{port: 80}]}
"#;

fn built(gateway: impl Fn(&mut Gateway), route: impl Fn(&mut HttpRoute)) -> Resolution {
    let mut resources = resources("built", MANIFEST.as_bytes());
    for resource in &mut resources {
        match resource {
            Resource::Gateway(object) => gateway(Arc::make_mut(object)),
            Resource::HttpRoute(object) => route(Arc::make_mut(object)),
            _ => {}
        }
    }
    resolve(
        &Snapshot::from_resources(resources),
        &Config::default(),
        now(),
    )
}

fn rule(route: &mut HttpRoute) -> &mut HttpRule {
    route.spec.rules[0].read_mut().unwrap()
}

/// The reason of `Accepted` of the route.
fn accepted(resolution: &Resolution) -> String {
    let statuses = resolution.statuses.iter();
    let parents = statuses.filter_map(|(_, status)| match status {
        Status::Route(status) => status.parents.first(),
        _ => None,
    });
    let mut conditions = parents.flat_map(|parent| &parent.conditions);
    conditions
        .find(|c| c.type_ == "Accepted")
        .unwrap()
        .reason
        .clone()
}

fn redirect() -> HttpFilter {
    HttpFilter::RequestRedirect(RequestRedirect {
        scheme: None,
        hostname: None,
        path: None,
        port: Port::new(8443).ok(),
        status_code: 302,
    })
}

fn rewrite(path: Option<PathModifier>) -> HttpFilter {
    HttpFilter::UrlRewrite(UrlRewrite {
        hostname: None,
        path,
    })
}

#[test]
fn filters_that_exclude_each_other_fail_their_rule() {
    let cases = [
        ("both", vec![redirect(), rewrite(None)], true),
        ("twice", vec![rewrite(None), rewrite(None)], false),
        ("redirect with backends", vec![redirect()], false),
    ];
    for (what, filters, without_backends) in cases {
        let resolution = built(
            |_| {},
            |route| {
                rule(route).filters.clone_from(&filters);
                if without_backends {
                    rule(route).backend_refs.clear();
                }
            },
        );
        assert_eq!(accepted(&resolution), "IncompatibleFilters", "{what}");
        let rule = resolution.ir.listeners()[0].rules().next().unwrap();
        assert!(
            matches!(&rule.action, Action::Fail(refusal) if refusal.status.get() == 500),
            "{what}"
        );
    }
}

#[test]
fn a_prefix_can_be_replaced_only_where_a_prefix_was_matched() {
    let path = PathModifier::ReplacePrefixMatch("/new".to_owned());
    let resolution = built(
        |_| {},
        |route| {
            rule(route).filters = vec![rewrite(Some(path.clone()))];
            rule(route).matches[0].path = HttpPathMatch::Exact("/old".to_owned());
        },
    );
    assert_eq!(accepted(&resolution), "UnsupportedValue");
    let rule = resolution.ir.listeners()[0].rules().next().unwrap();
    let Action::Fail(refusal) = &rule.action else {
        panic!("{:?}", rule.action)
    };
    assert_eq!(refusal.reason, RefusalReason::InvalidFilter);
}

#[test]
fn a_listener_is_not_served_with_less_tls_than_it_asks_for() {
    let tls = |mode| gateway_model::ListenerTls {
        mode,
        certificate_refs: Vec::new(),
        options: std::collections::BTreeMap::new(),
    };
    let in_clear = built(
        |gateway| gateway.spec.listeners[0].tls = Some(tls(TlsMode::Terminate)),
        |_| {},
    );
    assert!(in_clear.ir.listeners().is_empty(), "HTTP with tls");
    let passthrough = built(
        |gateway| {
            gateway.spec.listeners[0].tls = Some(tls(TlsMode::Passthrough));
            gateway.spec.listeners[0].protocol = gateway_model::Protocol::Https;
        },
        |_| {},
    );
    assert!(
        passthrough.ir.listeners().is_empty(),
        "HTTPS passed through"
    );
    for resolution in [in_clear, passthrough] {
        let codes: Vec<_> = resolution.statuses.findings().map(|f| f.code).collect();
        assert!(codes.contains(&"UnsupportedValue"), "{codes:?}");
    }
}

#[test]
fn a_rule_without_matches_takes_every_request() {
    let resolution = built(|_| {}, |route| rule(route).matches.clear());
    let route = &resolution.ir.listeners()[0].hosts()[0].routes[0];
    assert!(route.matches.path.matches("/anything"));
}

/// Finds every address taken.
struct Taken;

impl DataPlane for Taken {
    type Applied = Arc<Ir>;

    fn apply(&self, ir: &Arc<Ir>) -> Arc<Ir> {
        Arc::clone(ir)
    }

    fn unserved(ir: &Arc<Ir>) -> Vec<(ListenerId, String)> {
        let listeners = ir.listeners().iter();
        let taken = |id: &ListenerId| (id.clone(), "address in use".to_owned());
        listeners.map(|listener| taken(&listener.id)).collect()
    }
}

#[test]
fn a_listener_that_the_data_plane_cannot_open_is_not_programmed() {
    let snapshot = Snapshot::from_resources(resources("built", MANIFEST.as_bytes()));
    let turn = reconcile(&snapshot, &Config::default(), now(), &Taken);
    let gateway = snapshot.gateways().get("infra", "gw").unwrap();
    let Some(Status::Gateway(status)) = turn.statuses.get(&gateway.reference()) else {
        panic!("the Gateway has a status");
    };
    let programmed = |conditions: &[gateway_model::Condition]| {
        let condition = conditions.iter().find(|c| c.type_ == "Programmed").unwrap();
        format!(
            "{:?} {} {}",
            condition.status, condition.reason, condition.message
        )
    };
    assert_eq!(
        programmed(&status.listeners[0].conditions),
        "False Pending address in use"
    );
    assert_eq!(
        programmed(&status.conditions),
        "False NoResources none of the listeners is served"
    );
}
