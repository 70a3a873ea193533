//! What holds of every resolution.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/attached.rs"]
mod attached;
mod support;
#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use gateway_model::{
    Condition, ConditionStatus, Kind, ListenerStatus, ObjectMeta, ObjectRef, ParentReference,
    Resource,
};
use gateway_resolve::ir::{Action, Ir};
use gateway_resolve::{Resolution, Snapshot, Status, Statuses, resolve};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use support::{now, with_mesh, with_status};
use world::{grants, parse, world};

fn resolved(resources: &[Resource]) -> Resolution {
    let snapshot = Snapshot::from_resources(resources.iter().cloned());
    resolve(&snapshot, &with_mesh(), now())
}

/// Where each rule of each listener and of each port of a mesh forwards to, by position.
fn targets(ir: &Ir) -> BTreeSet<String> {
    let listeners = ir.listeners().iter();
    let listeners = listeners.map(|listener| (listener.id.to_string(), &listener.stack));
    let ports = ir.mesh().values().flat_map(|port| {
        let stacks = port.stacks();
        stacks.map(|stack| (port.id.to_string(), stack))
    });
    let mut targets = BTreeSet::new();
    for (place, stack) in listeners.chain(ports) {
        for rule in stack.rules() {
            if let Action::Forward(split) = &rule.action {
                for (index, target) in split.targets().iter().enumerate() {
                    if let Some(id) = target.target.backend() {
                        targets.insert(format!("{place} {rule} {index} {id}"));
                    }
                }
            }
        }
        for rule in stack.stream_rules() {
            for (index, target) in rule.targets().iter().enumerate() {
                if let Some(id) = target.target.backend() {
                    targets.insert(format!("{place} {rule} {index} {id}"));
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
        Resource::GrpcRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::TlsRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::TcpRoute(route) => (&route.metadata, &route.spec.parent_refs),
        Resource::UdpRoute(route) => (&route.metadata, &route.spec.parent_refs),
        _ => return None,
    })
}

/// The routes that are accepted, with the parents that accept them.
fn accepted(statuses: &Statuses) -> Vec<(ObjectRef, ParentReference)> {
    let mut accepted = Vec::new();
    for (object, status) in statuses.iter() {
        if let Status::Route(status) = status {
            for parent in &status.parents {
                let holds =
                    |c: &Condition| c.type_ == "Accepted" && c.status == ConditionStatus::True;
                if parent.conditions.iter().any(holds) {
                    accepted.push((object.clone(), parent.parent_ref.clone()));
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
        let known: BTreeSet<_> = world.iter().map(|resource| resource.reference()).collect();
        for resource in &world {
            let Some((metadata, parent_refs)) = route(resource) else { continue };
            let ours: Vec<_> = parent_refs.iter().filter(|parent| {
                let namespace = parent.namespace.as_deref().unwrap_or(&metadata.namespace);
                let is = |known: &&ObjectRef| *known.kind == *parent.kind && *known.name == *parent.name;
                known.iter().any(|known| is(&known) && *known.namespace == *namespace)
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

    /// ListenerStatus `attachedRoutes`: the routes that are accepted there, whatever comes of their traffic. Each
    /// listener has those whose parentRef names its owner, by name and section, and is accepted; of one that names
    /// several listeners, some may have nothing in common with it.
    #[test]
    fn attached_routes_are_those_that_are_accepted(world in world()) {
        let resolution = resolved(&world);
        let accepted = accepted(&resolution.statuses);
        for (object, status) in resolution.statuses.iter() {
            let listeners = match status {
                Status::Gateway(status) => &status.listeners,
                Status::ListenerSet(set) => &set.listeners,
                _ => continue,
            };
            let mut reached = BTreeSet::new();
            for (route, parent) in &accepted {
                let namespace = parent.namespace.as_deref().unwrap_or(&route.namespace);
                let owner = (&*object.kind, &*object.name, &*object.namespace);
                if (parent.kind.as_str(), parent.name.as_str(), namespace) != owner {
                    continue;
                }
                let section = parent.section_name.as_ref();
                let named = listeners.iter().map(|listener| &listener.name);
                let named = named.filter(|name| section.is_none_or(|section| section == *name));
                reached.extend(named.map(|name| (name, route)));
            }
            for ListenerStatus { name, attached_routes, .. } in listeners {
                let most = reached.iter().filter(|(listener, _)| *listener == name).count();
                prop_assert!(usize::try_from(*attached_routes).unwrap() <= most, "{} {}", object, name);
            }
            let counted: i32 = listeners.iter().map(|l| l.attached_routes).sum();
            let routes: BTreeSet<_> = reached.iter().map(|(_, route)| route).collect();
            prop_assert!(usize::try_from(counted).unwrap() >= routes.len(), "{}", object);
        }
    }

    /// The same to the number, where routes don't keep each other off: routes of one kind over HTTP. One that is wrong
    /// in itself is accepted nowhere.
    #[test]
    fn a_listener_has_the_routes_that_its_owner_allows_and_that_have_a_name_in_common(world in world()) {
        let is_other = |resource: &Resource| !matches!(resource, Resource::HttpRoute(_)) && route(resource).is_some();
        let world: Vec<_> = world.into_iter().filter(|resource| !is_other(resource)).collect();
        let resolution = resolved(&world);
        let accepted = accepted(&resolution.statuses);
        for resource in &world {
            let Resource::Gateway(gateway) = resource else { continue };
            let Some(Status::Gateway(status)) = resolution.statuses.get(&gateway.reference()) else { continue };
            for (listener, status) in gateway.spec.listeners.iter().zip(&status.listeners) {
                let mut routes = attached::http_routes(&world);
                routes.retain(|route| accepted.iter().any(|(object, _)| *object == route.reference()));
                routes.retain(|route| attached::takes(gateway, listener, route));
                let kinds = status.supported_kinds.iter();
                let kinds = kinds.filter(|kind| kind.kind.as_str() == "HTTPRoute").count();
                let wanted = if kinds == 0 { 0 } else { routes.len() };
                prop_assert_eq!(usize::try_from(status.attached_routes).unwrap(), wanted, "{:?}", listener);
            }
        }
    }

    #[test]
    fn resolving_again_with_the_statuses_written_changes_nothing(world in world()) {
        let first = resolved(&world);
        let written = with_statuses(&world, &first.statuses);
        let later = "2026-06-01T00:00:00Z".parse().unwrap();
        let second = resolve(&Snapshot::from_resources(written), &with_mesh(), later);
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
        let resolve = |snapshot| resolve(snapshot, &with_mesh(), now());
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
        "Conflicted",
        "NoMatchingParent",
        "RefNotPermitted",
        "NoMatchingListenerHostname",
        "HostnameConflict",
    ] {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
    let forwarding = resolutions.iter().filter(|r| !targets(&r.ir).is_empty());
    assert!(forwarding.count() >= 5, "few worlds forward requests");
}
