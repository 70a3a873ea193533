//! What holds of every resolution with options and delegation.

#![cfg(feature = "k8s-gateway")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/functions.rs"]
mod functions;
#[path = "support/k8s_gateway.rs"]
mod k8s_gateway;
mod support;
#[path = "support/world.rs"]
mod world;

use std::collections::BTreeMap;

use gateway_model::{ObjectRef, Resource};
use gateway_resolve::ir::{Ir, Origin, PathMatch, Route};
use gateway_resolve::{Config, Resolution, Snapshot, resolve};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::now;
use world::{parse, world};

fn resolved(resources: &[Resource]) -> Resolution {
    let snapshot = Snapshot::from_resources(resources.iter().cloned());
    resolve(&snapshot, &Config::default(), now())
}

/// A cluster, of which no two objects have one name.
fn cluster() -> impl Strategy<Value = Vec<Resource>> {
    let others = proptest::collection::vec(k8s_gateway::object(), 0..20);
    (world(), others).prop_map(|(world, others)| {
        let others = others
            .iter()
            .flat_map(|one| parse(std::slice::from_ref(one)));
        let all = world.into_iter().chain(others);
        let by_name: BTreeMap<_, _> = all.map(|object| (object.reference(), object)).collect();
        by_name.into_values().collect()
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Resource>, Vec<Resource>)> {
    cluster().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

fn routes(ir: &Ir) -> impl Iterator<Item = &Route> {
    let hosts = ir.listeners().iter().flat_map(|listener| listener.hosts());
    hosts.flat_map(|host| &host.routes)
}

/// Where all settings of an IR came from.
fn origins(ir: &Ir) -> Vec<&Origin> {
    let rules = routes(ir).flat_map(|route| route.rule.settings.origins());
    let listeners = ir.listeners().iter();
    let of_listeners = listeners
        .clone()
        .flat_map(|listener| listener.settings.origins());
    let hosts = listeners.flat_map(|listener| listener.hosts());
    let of_hosts = hosts.flat_map(|host| host.settings.origins());
    rules.chain(of_listeners).chain(of_hosts).collect()
}

/// What a resource has at a path such as `spec.options.timeout`.
fn written(resource: &Resource, path: &str) -> Option<Value> {
    let mut value = serde_json::to_value(resource).unwrap();
    for segment in path.split('.') {
        let (name, index) = segment.split_once('[').unwrap_or((segment, ""));
        value = value.get_mut(name)?.take();
        if let Ok(index) = index.trim_end_matches(']').parse::<usize>() {
            value = value.get_mut(index)?.take();
        }
    }
    Some(value)
}

/// An option for everything that sets nothing.
fn empty(kind: &str, target: &str) -> Value {
    let targets: Vec<_> = (0..3)
        .map(|number| {
            let name = format!("{}{number}", if target == "Gateway" { "g" } else { "r" });
            json!({"group": "gateway.networking.k8s.io", "kind": target, "name": name})
        })
        .collect();
    json!({
        "apiVersion": "gateway.solo.io/v1", "kind": kind,
        "metadata": {"name": "empty", "namespace": "a", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "spec": {"targetRefs": targets, "options": {}},
    })
}

/// The prefixes that a rule is written with; `None` where they are relative to those of the rule above.
fn prefixes(all: &[Resource], route: &ObjectRef, rule: usize) -> Option<Vec<String>> {
    let found = all.iter().find(|object| object.reference() == *route)?;
    let written = serde_json::to_value(found).unwrap();
    let annotations = &written["metadata"]["annotations"];
    if annotations
        .get("delegation.gateway.solo.io/inherit-parent-matcher")
        .is_some()
    {
        return None;
    }
    let matches = written["spec"]["rules"][rule]["matches"].as_array();
    let prefix = |one: &Value| one["path"]["value"].as_str().unwrap_or("/").to_owned();
    let prefixes: Vec<_> = matches.into_iter().flatten().map(prefix).collect();
    Some(match prefixes.is_empty() {
        true => vec!["/".to_owned()],
        false => prefixes,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_order_of_the_resources_is_nothing((one, other) in shuffled()) {
        let (one, other) = (resolved(&one), resolved(&other));
        prop_assert_eq!(&one.ir, &other.ir);
        prop_assert_eq!(&one.statuses, &other.statuses);
    }

    #[test]
    fn every_setting_has_a_source_that_is_there_and_has_the_field(all in cluster()) {
        let resolution = resolved(&all);
        for origin in origins(&resolution.ir) {
            prop_assert!(!origin.sources.is_empty());
            for source in &origin.sources {
                let found = all.iter().find(|object| object.reference() == source.object);
                let value = found.and_then(|found| written(found, &origin.field));
                prop_assert!(value.is_some(), "{} {}", source.object, origin.field);
            }
        }
    }

    #[test]
    fn an_option_that_sets_nothing_changes_nothing(all in cluster()) {
        let empty = parse(&[
            empty("RouteOption", "HTTPRoute"),
            empty("VirtualHostOption", "Gateway"),
        ]);
        let with: Vec<_> = empty.into_iter().chain(all.iter().cloned()).collect();
        prop_assert_eq!(&resolved(&with).ir, &resolved(&all).ir);
    }

    /// What a leaf takes is what every rule on the way to it takes, as it is written.
    #[test]
    fn a_leaf_takes_what_each_level_above_it_takes(all in cluster()) {
        let resolution = resolved(&all);
        for route in routes(&resolution.ir).filter(|route| !route.rule.chain.is_empty()) {
            let (PathMatch::Prefix(path) | PathMatch::Exact(path)) = &route.matches.path else {
                continue;
            };
            let chain = route.rule.chain.iter().map(|link| (&link.id.route, link.id.index));
            let own = std::iter::once((&route.rule.source.id.route, route.rule.source.id.index));
            for (object, index) in chain.chain(own) {
                let Some(prefixes) = prefixes(&all, object, index) else {
                    continue;
                };
                let is_within = prefixes.iter().any(|prefix| path.starts_with(prefix.as_str()));
                prop_assert!(is_within, "{path} is not within {prefixes:?} of {object}");
            }
        }
    }
}
