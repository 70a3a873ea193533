//! The status of routes, the same for every kind.

use gateway_model::{Condition, ParentReference, RouteParentStatus, RouteStatus};

use crate::problem::{Verdict, texts};
use crate::reader::Reader;
use crate::reason::{RouteAccepted, RoutePartiallyInvalid, RouteResolvedRefs};
use crate::route::RouteFacts;
use crate::route::attach::{AnyRoute, ParentAttachment};
use crate::route::outcome::RouteRules;

use super::conditions::Conditions;
use super::report::Report;

/// The status of a route: one entry for each of its parents that is served here.
pub(crate) fn status(facts: &RouteFacts, reader: &Reader<'_>) -> RouteStatus {
    let attachment = &facts.attachment;
    let parents = attachment.parents.iter().map(|parent| {
        let rules = facts.rules_for(&parent.by);
        let parent_ref = attachment.parent_ref(parent);
        let stored = stored(&*attachment.route, parent_ref, &parent.controller);
        let generation = attachment.route.metadata().generation;
        let conditions = Conditions::new(stored, generation, reader);
        RouteParentStatus {
            parent_ref: parent_ref.clone(),
            controller_name: parent.controller.to_string(),
            conditions: conditions
                .add(accepted(parent, rules))
                .add(Verdict::of(
                    &rules.problems.unresolved,
                    RouteResolvedRefs::ResolvedRefs,
                    "all references resolve",
                ))
                .maybe(partially_invalid(parent, rules))
                .build(),
        }
    });
    RouteStatus {
        parents: parents.collect(),
    }
}

/// The entry of a route that another delegates to.
#[cfg(feature = "k8s-gateway")]
pub(crate) fn of_child(
    controller: &str,
    entry: &crate::k8s_gateway::delegation::ChildEntry,
    reader: &Reader<'_>,
) -> RouteParentStatus {
    let stored = stored(&*entry.child, &entry.parent, controller);
    let conditions = Conditions::new(stored, entry.child.metadata.generation, reader);
    RouteParentStatus {
        parent_ref: entry.parent.clone(),
        controller_name: controller.to_owned(),
        conditions: conditions
            .add(entry.accepted())
            .add(Verdict::of(
                &entry.unresolved,
                RouteResolvedRefs::ResolvedRefs,
                "all references resolve",
            ))
            .build(),
    }
}

/// The conditions that a route has now for a parent, by this controller.
fn stored<'a>(
    route: &'a dyn AnyRoute,
    parent_ref: &ParentReference,
    controller: &str,
) -> &'a [Condition] {
    let entry = route.status().parents.iter().find(|entry| {
        entry.controller_name == controller && same_parent(&entry.parent_ref, parent_ref, route)
    });
    entry.map_or(&[], |entry| &entry.conditions)
}

/// Are two references to the same thing? A namespace that is left out is that of the route.
fn same_parent(a: &ParentReference, b: &ParentReference, route: &dyn AnyRoute) -> bool {
    let own = route.metadata().namespace.as_str();
    let namespace = |reference: &'_ ParentReference| {
        reference
            .namespace
            .clone()
            .unwrap_or_else(|| own.to_owned())
    };
    let without_namespace = |reference: &ParentReference| ParentReference {
        namespace: None,
        ..reference.clone()
    };
    namespace(a) == namespace(b) && without_namespace(a) == without_namespace(b)
}

/// Is the route accepted by a parent? It takes a listener that lets it in, and one rule that can be
/// honoured.
fn accepted(parent: &ParentAttachment, rules: &RouteRules) -> Verdict<RouteAccepted> {
    match parent.refused() {
        Some(problem) if parent.outcome.is_err() || !rules.is_hopeless() => {
            Verdict::new(problem.reason, problem.text())
        }
        _ if rules.is_hopeless() => {
            Verdict::of(&rules.problems.invalid, RouteAccepted::UnsupportedValue, "")
        }
        _ => Verdict::new(RouteAccepted::Accepted, "accepted"),
    }
}

/// Says which part of an accepted route is left out. The specification wants the message to start
/// with "Dropped Rule" (RouteConditionPartiallyInvalid).
fn partially_invalid(
    parent: &ParentAttachment,
    rules: &RouteRules,
) -> Option<Verdict<RoutePartiallyInvalid>> {
    if parent.refused().is_some() || rules.is_hopeless() {
        return None;
    }
    let invalid = (!rules.problems.invalid.is_empty())
        .then(|| format!("{}: {}", left_out(rules), texts(&rules.problems.invalid)));
    let dropped = (!rules.problems.dropped.is_empty())
        .then(|| format!("Dropped Rule settings: {}", texts(&rules.problems.dropped)));
    let parts: Vec<_> = invalid.into_iter().chain(dropped).collect();
    (!parts.is_empty())
        .then(|| Verdict::new(RoutePartiallyInvalid::UnsupportedValue, parts.join(". ")))
}

/// What becomes of the requests of rules that cannot be honoured. Those that only a match that
/// cannot be honoured was for are not known, and go to other rules.
fn left_out(rules: &RouteRules) -> String {
    let unmatched = |index: &&usize| rules.rules.over_http()[**index].matches.is_empty();
    let (unmatched, failing): (Vec<_>, Vec<_>) = rules.failed.iter().partition(unmatched);
    let numbers = |rules: &[&usize]| {
        let numbers: Vec<_> = rules.iter().map(ToString::to_string).collect();
        numbers.join(", ")
    };
    let unmatched = (!unmatched.is_empty()).then(|| {
        let numbers = numbers(&unmatched);
        format!("Dropped Rule {numbers}, of which no match is left")
    });
    let failing = match failing.is_empty() {
        true if unmatched.is_some() => None,
        true => Some("backends".to_owned()),
        false => Some(numbers(&failing)),
    };
    let failing = failing
        .map(|what| format!("Dropped Rule {what}, in whose place requests are answered with 500"));
    let parts: Vec<_> = unmatched.into_iter().chain(failing).collect();
    parts.join(". ")
}

/// Records what is wrong with a route.
pub(crate) fn find(report: &mut Report, facts: &RouteFacts) {
    let attachment = &facts.attachment;
    for parent in &attachment.parents {
        let problems = &facts.rules_for(&parent.by).problems;
        report.find(&problems.unresolved);
        report.find(&problems.invalid);
        report.find(&problems.dropped);
        if let Some(problem) = parent.refused() {
            report.find(&[problem]);
        }
    }
    report.find(&attachment.missing);
}
