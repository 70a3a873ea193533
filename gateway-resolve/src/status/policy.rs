//! The status of policies: one entry for each Gateway whose routes lead to what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, Condition, Gateway, Kind, ObjectRef, ParentReference, PolicyAncestorStatus,
    PolicyStatus, Service, XBackendTrafficPolicy,
};

use crate::policy::{Judged, Policy, is_for, rival, target_of};
use crate::problem::{Problem, Verdict, texts};
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};
use crate::route::RouteFacts;
use crate::route::references::service_port;

use super::conditions::Conditions;
use super::report::Report;

/// A Gateway, and the controller that its status is written for.
type Ancestor = (ObjectRef, Arc<str>);

/// What is said of all policies, where these are all routes.
pub(crate) fn reports<'a>(
    routes: impl Iterator<Item = &'a RouteFacts> + Clone,
    reader: &Reader<'_>,
) -> Vec<Report> {
    let mut reports = reports_of::<BackendTlsPolicy>(routes.clone(), reader);
    reports.extend(reports_of::<XBackendTrafficPolicy>(routes, reader));
    reports
}

/// What is said of the policies of a kind.
fn reports_of<'a, P: Policy>(
    routes: impl Iterator<Item = &'a RouteFacts>,
    reader: &Reader<'_>,
) -> Vec<Report> {
    let policies = reader.all_policies::<P>();
    if policies.is_empty() {
        return Vec::new();
    }
    let mut ancestors: BTreeMap<ObjectRef, BTreeSet<Ancestor>> = BTreeMap::new();
    for route in routes {
        for policy in leads_to::<P>(route, reader) {
            ancestors
                .entry(policy)
                .or_default()
                .extend(route.gateways());
        }
    }
    let of_policy = |object: &Arc<P>| report(&**object, ancestors.get(&object.reference()), reader);
    policies.iter().map(of_policy).collect()
}

/// The policies that are for what a route leads to.
fn leads_to<P: Policy>(route: &RouteFacts, reader: &Reader<'_>) -> BTreeSet<ObjectRef> {
    let mut found = BTreeSet::new();
    for id in route.backends.iter().filter(|id| id.transport.is_tcp()) {
        let mut policies = reader.policies::<P>(&id.object).peekable();
        let Some(service) = policies.peek().and_then(|_| reader.service(&id.object)) else {
            continue;
        };
        let section = service_port(service, id).map_or("", |port| port.name.as_str());
        let own = policies.filter(|policy| is_for(&***policy, &id.object, section));
        found.extend(own.map(|policy| policy.reference()));
    }
    found
}

/// What is said of a policy.
fn report<P: Policy>(
    policy: &P,
    ancestors: Option<&BTreeSet<Ancestor>>,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(policy.reference());
    let Judged {
        refused,
        unresolved,
    } = policy.judge(reader);
    let Targets { missing, conflicts } = targets(policy, reader);
    report.find(&missing);
    report.find(&conflicts);
    report.find(&refused);
    report.find(unresolved.as_deref().unwrap_or_default());
    let wholly = conflicts.len() + missing.len() == policy.targets().len();
    let accepted = match refused.is_empty() {
        true if wholly && !conflicts.is_empty() => {
            Verdict::new(PolicyAccepted::Conflicted, texts(&conflicts))
        }
        true if conflicts.is_empty() => Verdict::new(PolicyAccepted::Accepted, "accepted"),
        true => Verdict::new(
            PolicyAccepted::Accepted,
            format!("accepted, apart from: {}", texts(&conflicts)),
        ),
        false => Verdict::of(&refused, PolicyAccepted::Accepted, "accepted"),
    };
    let resolved = || {
        let good = PolicyResolvedRefs::ResolvedRefs;
        let unresolved = unresolved.as_deref()?;
        Some(Verdict::of(unresolved, good, "all references resolve"))
    };
    let entries = ancestors.into_iter().flatten().take(MAX_ANCESTORS);
    let entries = entries.map(|(gateway, controller)| {
        let ancestor_ref = reference_to(gateway);
        let stored = stored(policy, &ancestor_ref, controller);
        let generation = policy.metadata().generation;
        PolicyAncestorStatus {
            conditions: Conditions::new(stored, generation, reader)
                .add(accepted.clone())
                .add_some(resolved())
                .build(),
            ancestor_ref,
            controller_name: controller.to_string(),
        }
    });
    let entries: Vec<_> = entries.collect();
    if !entries.is_empty() {
        report.status = Some(PolicyStatus { ancestors: entries }.into());
    }
    report.finish()
}

/// How many entries the API server takes in a policy's `status.ancestors`.
const MAX_ANCESTORS: usize = 16;

/// What is wrong with the targets of a policy.
struct Targets {
    missing: Vec<Problem<PolicyAccepted>>,
    conflicts: Vec<Problem<PolicyAccepted>>,
}

fn targets<P: Policy>(policy: &P, reader: &Reader<'_>) -> Targets {
    let mut found = Targets {
        missing: Vec::new(),
        conflicts: Vec::new(),
    };
    for (index, target) in policy.targets().iter().enumerate() {
        let object = target_of(policy, target);
        let field = format!("spec.targetRefs[{index}]");
        let problem = |reason, message: String| Problem::new(reason, field.as_str(), message);
        if object.group != Service::GROUP || object.kind != Service::KIND {
            let message = format!("expected a Service, found {object}");
            found
                .missing
                .push(problem(PolicyAccepted::Invalid, message));
        } else if reader.service(&object).is_none() {
            let message = format!("{object} does not exist");
            let missing = problem(PolicyAccepted::TargetNotFound, message).missing(object);
            found.missing.push(missing);
        } else if let Some(older) = rival(policy, target, reader.policies::<P>(&object)) {
            let message = format!("{} has this target already", older.reference());
            found
                .conflicts
                .push(problem(PolicyAccepted::Conflicted, message));
        }
    }
    found
}

fn reference_to(gateway: &ObjectRef) -> ParentReference {
    ParentReference {
        group: Gateway::GROUP.to_owned(),
        kind: Gateway::KIND.to_owned(),
        namespace: Some(gateway.namespace.to_string()),
        name: gateway.name.to_string(),
        section_name: None,
        port: None,
    }
}

/// The conditions that a policy has now for an ancestor, by this controller.
fn stored<'a>(
    policy: &'a impl Policy,
    ancestor: &ParentReference,
    controller: &str,
) -> &'a [Condition] {
    let mut entries = policy.stored().ancestors.iter();
    let entry = entries
        .find(|entry| entry.controller_name == controller && entry.ancestor_ref == *ancestor);
    entry.map_or(&[], |entry| &entry.conditions)
}
