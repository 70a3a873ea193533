use std::sync::Arc;

use gateway_model::{
    Condition, ConditionStatus, Gateway, GatewayStatus, Kind, ListenerStatus, ParentReference,
    Resource, RouteParentStatus, RouteStatus, SectionName, Timestamp, parse,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Author, MergeStatus, plan_status, plan_statuses};
use crate::status::report::Report;
use crate::{Snapshot, Status, Statuses};

const OWN: &str = "example.com/own";
const FOREIGN: &str = "example.com/foreign";

fn conditions(types: &'static [&'static str]) -> impl Strategy<Value = Vec<Condition>> {
    let status = select(vec![
        ConditionStatus::True,
        ConditionStatus::False,
        ConditionStatus::Unknown,
    ]);
    let one = (select(types), status, 0..100_i64, "[A-Z][a-z]{3}");
    vec(one, 0..5).prop_map(|rows| {
        let mut conditions: Vec<Condition> = Vec::new();
        for (type_, status, second, reason) in rows {
            if !conditions.iter().any(|c| c.type_ == type_) {
                conditions.push(Condition {
                    type_: type_.to_owned(),
                    status,
                    observed_generation: 1,
                    last_transition_time: Timestamp::from_second(second).unwrap(),
                    reason,
                    message: String::new(),
                });
            }
        }
        conditions
    })
}

const WANTED: &[&str] = &["Accepted", "ResolvedRefs", "Programmed", "PartiallyInvalid"];
const STORED: &[&str] = &[
    "Accepted",
    "ResolvedRefs",
    "Programmed",
    "PartiallyInvalid",
    "example.com/Seen",
];

fn parent(name: usize) -> ParentReference {
    ParentReference {
        group: "gateway.networking.k8s.io".to_owned(),
        kind: "Gateway".to_owned(),
        namespace: None,
        name: format!("gateway-{name}"),
        section_name: None,
        port: None,
    }
}

/// Entries for some of 40 parents, each parent once per controller.
fn parents(
    controllers: &'static [&'static str],
    types: &'static [&'static str],
) -> impl Strategy<Value = RouteStatus> {
    vec((0..40_usize, select(controllers), conditions(types)), 0..32).prop_map(|rows| {
        let mut parents: Vec<RouteParentStatus> = Vec::new();
        for (name, controller, conditions) in rows {
            let parent_ref = parent(name);
            let known = |p: &RouteParentStatus| {
                p.parent_ref == parent_ref && p.controller_name == controller
            };
            if !parents.iter().any(known) {
                parents.push(RouteParentStatus {
                    parent_ref,
                    controller_name: controller.to_owned(),
                    conditions,
                });
            }
        }
        RouteStatus { parents }
    })
}

fn listeners(types: &'static [&'static str]) -> impl Strategy<Value = Vec<ListenerStatus>> {
    vec(conditions(types), 0..4).prop_map(|all| {
        let listener = |(index, conditions)| ListenerStatus {
            name: SectionName::new(&format!("listener-{index}")).unwrap(),
            supported_kinds: Vec::new(),
            attached_routes: 1,
            conditions,
        };
        all.into_iter().enumerate().map(listener).collect()
    })
}

fn gateway(types: &'static [&'static str]) -> impl Strategy<Value = GatewayStatus> {
    (conditions(types), listeners(types)).prop_map(|(conditions, listeners)| GatewayStatus {
        conditions,
        listeners,
        ..GatewayStatus::default()
    })
}

/// Everything but the time, which may stay that of the stored condition.
fn said(condition: &Condition) -> (&str, ConditionStatus, &str) {
    (&condition.type_, condition.status, &condition.reason)
}

fn holds(merged: &[Condition], stored: &[Condition], wanted: &[Condition]) -> bool {
    let of = |all: &[Condition], type_: &str| all.iter().find(|c| c.type_ == type_).cloned();
    wanted.iter().all(|want| {
        let Some(got) = of(merged, &want.type_) else {
            return false;
        };
        let time = match of(stored, &want.type_) {
            Some(before) if before.status == want.status => before.last_transition_time,
            _ => want.last_transition_time,
        };
        said(&got) == said(want) && got.last_transition_time == time
    })
}

fn foreign(status: &RouteStatus) -> Vec<&RouteParentStatus> {
    let others = status.parents.iter().filter(|p| p.controller_name != OWN);
    others.collect()
}

proptest! {
    /// GEP-1709 and the field's documentation: entries of other controllers must not be touched.
    #[test]
    fn entries_of_other_controllers_stay(
        stored in parents(&[OWN, FOREIGN], STORED),
        wanted in parents(&[OWN], WANTED),
    ) {
        let merged = stored.merged(&wanted, OWN.into(), 1);
        prop_assert_eq!(foreign(&merged), foreign(&stored));
        prop_assert!(merged.parents.len() <= 32.max(stored.parents.len()));
    }

    #[test]
    fn a_merged_route_says_what_is_wanted_and_nothing_else(
        stored in parents(&[OWN, FOREIGN], STORED),
        wanted in parents(&[OWN], WANTED),
    ) {
        let merged = stored.merged(&wanted, OWN.into(), 1);
        let own = |status: &RouteStatus, parent: &ParentReference| {
            let mut entries = status.parents.iter().filter(|p| p.controller_name == OWN);
            entries.find(|p| p.parent_ref == *parent).map(|p| p.conditions.clone())
        };
        let full = merged.parents.len() == 32;
        for want in &wanted.parents {
            match own(&merged, &want.parent_ref) {
                None => prop_assert!(full),
                Some(got) => {
                    let before = own(&stored, &want.parent_ref).unwrap_or_default();
                    prop_assert!(holds(&got, &before, &want.conditions));
                }
            }
        }
        for entry in merged.parents.iter().filter(|p| p.controller_name == OWN) {
            let wanted = own(&wanted, &entry.parent_ref);
            prop_assert!(wanted.is_some(), "stale: {:?}", entry.parent_ref);
        }
    }

    #[test]
    fn merging_again_changes_nothing(
        routes in (parents(&[OWN, FOREIGN], STORED), parents(&[OWN], WANTED)),
        gateways in (gateway(STORED), gateway(WANTED)),
    ) {
        let merged = routes.0.merged(&routes.1, OWN.into(), 1);
        prop_assert_eq!(merged.merged(&routes.1, OWN.into(), 1), merged);
        let merged = gateways.0.merged(&gateways.1, OWN.into(), 1);
        prop_assert_eq!(merged.merged(&gateways.1, OWN.into(), 1), merged);
    }

    #[test]
    fn a_merged_gateway_keeps_the_condition_types_of_others(
        stored in gateway(STORED),
        wanted in gateway(WANTED),
    ) {
        let merged = stored.merged(&wanted, OWN.into(), 1);
        let seen = |all: &[Condition]| all.iter().find(|c| c.type_ == "example.com/Seen").cloned();
        prop_assert_eq!(seen(&merged.conditions), seen(&stored.conditions));
        prop_assert!(holds(&merged.conditions, &stored.conditions, &wanted.conditions));
        prop_assert_eq!(merged.listeners.len(), wanted.listeners.len());
        for (got, want) in merged.listeners.iter().zip(&wanted.listeners) {
            let before = stored.listeners.iter().find(|l| l.name == got.name);
            let before = before.map_or(&[][..], |l| &l.conditions);
            prop_assert!(holds(&got.conditions, before, &want.conditions));
            prop_assert_eq!(seen(&got.conditions), seen(before));
        }
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_write(
        stored in gateway(STORED),
        wanted in gateway(WANTED),
    ) {
        let mut object = example();
        object.status = stored;
        let reference = object.reference();
        let mut statuses = Statuses::default();
        statuses.take(Report {
            object: reference.clone(),
            status: Some(Status::Gateway(wanted)),
            findings: Vec::new(),
        });
        let snapshot = |object: &Gateway| {
            Snapshot::from_resources([Resource::Gateway(Arc::new(object.clone()))])
        };
        let alone = plan_status(&snapshot(&object), &statuses, OWN, &reference);
        let planned = plan_statuses(&snapshot(&object), &statuses, OWN);
        prop_assert_eq!(alone.as_slice(), &planned[..]);
        for write in planned {
            prop_assert_eq!(&write.object, &reference);
            prop_assert_eq!(write.resource_version.as_deref(), Some("7"));
            let Status::Gateway(status) = write.status else { unreachable!("a Gateway") };
            object.status = status;
        }
        prop_assert_eq!(plan_statuses(&snapshot(&object), &statuses, OWN), vec![]);
    }
}

fn example() -> Gateway {
    let text = br#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway,
        metadata: {name: web, resourceVersion: "7"},
        spec: {gatewayClassName: any, listeners: [{name: http, port: 80, protocol: HTTP}]}}"#;
    match &parse("test.yaml", text).resources[0].resource {
        Resource::Gateway(gateway) => Gateway::clone(gateway),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn an_observation_of_a_newer_generation_is_not_overwritten() {
    let condition = |generation| Condition {
        type_: "Accepted".to_owned(),
        status: ConditionStatus::True,
        observed_generation: generation,
        last_transition_time: Timestamp::UNIX_EPOCH,
        reason: "Accepted".to_owned(),
        message: String::new(),
    };
    let status = |generation| GatewayStatus {
        conditions: vec![condition(generation)],
        ..GatewayStatus::default()
    };
    let merged =
        |stored, wanted, generation| status(stored).merged(&status(wanted), OWN.into(), generation);
    assert_eq!(merged(2, 1, 2), status(2));
    assert_eq!(merged(1, 2, 2), status(2));
    assert_eq!(merged(9, 2, 2), status(2), "the object never was at 9");
}

/// `status.conditions` of every kind: `maxItems: 8`.
#[test]
fn beside_many_conditions_of_others_only_as_many_are_added_as_the_api_server_takes() {
    let condition = |type_: &str| Condition {
        type_: type_.to_owned(),
        status: ConditionStatus::True,
        observed_generation: 1,
        last_transition_time: Timestamp::UNIX_EPOCH,
        reason: "Because".to_owned(),
        message: String::new(),
    };
    let status = |types: &[&str]| GatewayStatus {
        conditions: types.iter().map(|type_| condition(type_)).collect(),
        ..GatewayStatus::default()
    };
    let others = ["x/1", "x/2", "x/3", "x/4", "x/5", "x/6", "x/7"];
    let merged = status(&others).merged(&status(&["Accepted", "Programmed"]), OWN.into(), 1);
    assert_eq!(merged, status(&[&others[..], &["Accepted"]].concat()));
}

/// One entry for each of these controllers.
fn status(controllers: &[&str]) -> RouteStatus {
    let entries = controllers.iter().map(|name| RouteParentStatus {
        parent_ref: parent(1),
        controller_name: (*name).to_owned(),
        conditions: Vec::new(),
    });
    RouteStatus {
        parents: entries.collect(),
    }
}

#[test]
fn entries_under_a_former_name_go_and_those_of_others_stay() {
    let former = ["example.com/former".to_owned()];
    let author = Author {
        controller: OWN,
        former: &former,
        namespace: None,
    };
    let stored = status(&[&former[0], FOREIGN]);
    let merged = stored.merged(&status(&[OWN]), author, 1);
    assert_eq!(merged, status(&[FOREIGN, OWN]));
    assert_eq!(merged.merged(&status(&[OWN]), author, 1), merged);
}

/// Entries of others are theirs to write, whoever asks for them: a plan that added them would do so again and again.
#[test]
fn wanted_entries_of_another_controller_are_not_planned() {
    let wanted = status(&[FOREIGN, OWN]);
    let author: Author<'_> = OWN.into();
    assert_eq!(status(&[]).merged(&wanted, author, 1), status(&[OWN]));
    let stored = status(&[FOREIGN, OWN]);
    assert_eq!(stored.merged(&wanted, author, 1), stored);
}

#[test]
fn objects_without_a_wanted_status_are_left_alone_but_for_own_entries_of_routes() {
    let seen = "conditions: [{type: Accepted, status: 'True', reason: Accepted, message: '', \
                lastTransitionTime: '2026-01-01T00:00:00Z'}]";
    let text = format!(
        r#"
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, resourceVersion: "9"}}
spec: {{parentRefs: [{{name: gone}}]}}
status:
  parents:
  - {{parentRef: {{name: gone}}, controllerName: {FOREIGN}, {seen}}}
  - {{parentRef: {{name: gone}}, controllerName: {OWN}, {seen}}}
"#
    );
    let loaded = parse("test.yaml", text.as_bytes()).resources;
    let mut snapshot = Snapshot::from_resources(loaded.into_iter().map(|l| l.resource));
    let mut elsewhere = example();
    elsewhere.status.conditions.clear();
    snapshot.insert(Resource::Gateway(Arc::new(elsewhere)));
    let plan = plan_statuses(&snapshot, &Statuses::default(), OWN);
    assert_eq!(plan.len(), 1, "{plan:?}");
    let Status::Route(status) = &plan[0].status else {
        unreachable!("{plan:?}")
    };
    let controllers: Vec<_> = status.parents.iter().map(|p| &*p.controller_name).collect();
    assert_eq!(controllers, [FOREIGN]);
}
