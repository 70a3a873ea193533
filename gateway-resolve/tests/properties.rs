//! What holds of every resolution.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;
#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use gateway_model::{Condition, ConditionStatus, Kind, ObjectMeta, ParentReference, Resource};
use gateway_resolve::ir::{Action, Ir};
use gateway_resolve::{Config, Resolution, Snapshot, Status, Statuses, resolve};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use support::{now, with_status};
use world::{grants, parse, world};

fn resolved(resources: &[Resource]) -> Resolution {
    let snapshot = Snapshot::from_resources(resources.iter().cloned());
    resolve(&snapshot, &Config::default(), now())
}

/// Where each rule of each listener forwards to, by position.
fn targets(ir: &Ir) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for listener in ir.listeners() {
        for rule in listener.rules() {
            if let Action::Forward(split) = &rule.action {
                for (index, target) in split.targets().iter().enumerate() {
                    if let Some(id) = target.target.backend() {
                        targets.insert(format!("{} {rule} {index} {id}", listener.id));
                    }
                }
            }
        }
        for rule in listener.stream_rules() {
            for (index, target) in rule.targets().iter().enumerate() {
                if let Some(id) = target.target.backend() {
                    targets.insert(format!("{} {rule} {index} {id}", listener.id));
                }
            }
        }
    }
    targets
}

/// A route of any kind.
fn route(resource: &Resource) -> Option<(&ObjectMeta, &[ParentReference])> {
    Some(match resource {
        Resource::HttpRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::TlsRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::TcpRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::UdpRoute(route) => (&route.metadata, &route.spec.parent_refs),
        _ => return None,
    })
}

fn accepted(statuses: &Statuses) -> BTreeSet<String> {
    let mut accepted = BTreeSet::new();
    for (object, status) in statuses.iter() {
        if let Status::Route(status) = status {
            for parent in &status.parents {
                let holds =
                    |c: &Condition| c.type_ == "Accepted" && c.status == ConditionStatus::True;
                if parent.conditions.iter().any(holds) {
                    accepted.insert(format!("{object} {:?}", parent.parent_ref));
                }
            }
        }
    }
    accepted
}

/// The resources with the statuses written into them.
fn with_statuses(resources: &[Resource], statuses: &Statuses) -> Vec<Resource> {
    let written = resources.iter();
    written
        .map(|resource| with_status(resource, statuses))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_resources_never_matters(
        (world, shuffled) in world().prop_flat_map(|w| (Just(w.clone()), Just(w).prop_shuffle())),
    ) {
        prop_assert_eq!(resolved(&world), resolved(&shuffled));
    }

    #[test]
    fn a_grant_never_removes_a_route_or_a_target(world in world(), more in grants()) {
        let before = resolved(&world);
        let after = resolved(&[world, parse(&more)].concat());
        prop_assert!(targets(&before.ir).is_subset(&targets(&after.ir)));
        prop_assert_eq!(accepted(&before.statuses), accepted(&after.statuses));
    }

    #[test]
    fn every_parent_ref_of_ours_gets_exactly_one_accepted_and_one_resolved_refs(world in world()) {
        let resolution = resolved(&world);
        let gateways: BTreeSet<_> = world.iter().filter_map(|resource| match resource {
            Resource::Gateway(gateway) => Some(gateway.reference()),
            _ => None,
        }).collect();
        for resource in &world {
            let Some((metadata, parent_refs)) = route(resource) else { continue };
            let ours: Vec<_> = parent_refs.iter().filter(|parent| {
                let namespace = parent.namespace.as_deref().unwrap_or(&metadata.namespace);
                gateways.iter().any(|g| *g.namespace == *namespace && *g.name == *parent.name)
            }).collect();
            let parents = match resolution.statuses.get(&resource.reference()) {
                Some(Status::Route(status)) => status.parents.as_slice(),
                _ => &[],
            };
            prop_assert_eq!(parents.iter().map(|p| &p.parent_ref).collect::<Vec<_>>(), ours);
            for parent in parents {
                for wanted in ["Accepted", "ResolvedRefs"] {
                    let count = parent.conditions.iter().filter(|c| c.type_ == wanted).count();
                    prop_assert_eq!(count, 1, "{}", wanted);
                }
            }
        }
    }

    /// ListenerStatus `attachedRoutes`: the routes that a parent accepts there, whatever comes of their traffic.
    #[test]
    fn attached_routes_are_those_that_are_accepted(world in world()) {
        let resolution = resolved(&world);
        let attached: i32 = resolution.statuses.iter().map(|(_, status)| match status {
            Status::Gateway(status) => status.listeners.iter().map(|l| l.attached_routes).sum(),
            Status::ListenerSet(set) => set.listeners.iter().map(|l| l.attached_routes).sum(),
            _ => 0,
        }).sum();
        let attached = usize::try_from(attached).unwrap();
        let accepted = accepted(&resolution.statuses);
        prop_assert!(attached >= accepted.len(), "{attached} {accepted:?}");
        prop_assert_eq!(attached == 0, accepted.is_empty());
    }

    #[test]
    fn resolving_again_with_the_statuses_written_changes_nothing(world in world()) {
        let first = resolved(&world);
        let written = with_statuses(&world, &first.statuses);
        let later = "2026-06-01T00:00:00Z".parse().unwrap();
        let second = resolve(&Snapshot::from_resources(written), &Config::default(), later);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn removing_what_was_added_leaves_no_trace(world in world(), more in world()) {
        let wanted = Snapshot::from_resources(world.clone());
        let mut snapshot = Snapshot::from_resources(more.iter().cloned());
        for resource in &more {
            prop_assert!(snapshot.remove(&resource.reference()));
        }
        snapshot.extend(world);
        let resolve = |snapshot| resolve(snapshot, &Config::default(), now());
        prop_assert_eq!(resolve(&wanted), resolve(&snapshot));
    }

    #[test]
    fn an_ir_survives_serialisation(world in world()) {
        let ir = resolved(&world).ir;
        let text = serde_json::to_string(&ir).unwrap();
        prop_assert_eq!(ir, serde_json::from_str::<Ir>(&text).unwrap());
    }
}

#[test]
fn worlds_hold_what_the_properties_are_about() {
    let mut runner = TestRunner::deterministic();
    let mut sample = || world().new_tree(&mut runner).unwrap().current();
    let resolutions: Vec<_> = (0..64).map(|_| resolved(&sample())).collect();
    let codes: BTreeSet<_> = resolutions
        .iter()
        .flat_map(|resolution| resolution.statuses.findings())
        .map(|finding| finding.code)
        .collect();
    for code in [
        "RefNotPermitted",
        "NoMatchingListenerHostname",
        "HostnameConflict",
    ] {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
    let forwarding = resolutions.iter().filter(|r| !targets(&r.ir).is_empty());
    assert!(forwarding.count() >= 5, "few worlds forward requests");
}
