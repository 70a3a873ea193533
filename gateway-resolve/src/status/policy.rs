//! The status of policies: one entry for each Gateway whose routes lead to what they are for.

use std::collections::BTreeSet;

use gateway_model::{
    BackendTlsPolicy, Condition, Gateway, Kind, ObjectRef, ParentReference, PolicyAncestorStatus,
    PolicyStatus, Service, XBackendTrafficPolicy,
};

use crate::Snapshot;
use crate::index::Indexed;
use crate::policy::users::{Ancestor, Users};
use crate::policy::{Judged, Policy, is_for, rival, target_of};
use crate::problem::{Problem, Verdict, texts};
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};
use crate::route::references::service_port;

use super::conditions::Conditions;
use super::report::Report;

/// What follows from the list of the kinds of policies.
macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// The policies of all kinds.
        pub(crate) fn names(snapshot: &Snapshot) -> impl Iterator<Item = ObjectRef> {
            std::iter::empty()
                $(.chain($kind::all(snapshot).iter().map(|policy| policy.reference())))*
        }

        /// Is it a kind of policy?
        pub(crate) fn is_policy(object: &ObjectRef) -> bool {
            false $(|| (object.group == $kind::GROUP && object.kind == $kind::KIND))*
        }

        /// What is said of the policy of that name; `None` when there is none.
        pub(crate) fn of_policy(
            object: &ObjectRef,
            users: &Users,
            reader: &Reader<'_>,
        ) -> Option<Report> {
            $(if object.group == $kind::GROUP && object.kind == $kind::KIND {
                return Some(report(&***reader.policy::<$kind>(object).as_ref()?, users, reader));
            })*
            None
        }
    };
}

kinds! {
    BackendTlsPolicy,
    XBackendTrafficPolicy,
}

/// The Gateways whose routes lead to what a policy is for.
fn ancestors(policy: &impl Policy, users: &Users, reader: &Reader<'_>) -> BTreeSet<Ancestor> {
    let mut found = BTreeSet::new();
    for object in policy.keys() {
        let Some(service) = reader.service(&object) else {
            continue;
        };
        for (backend, ancestor) in users.of(&object, reader) {
            let port = service_port(service, backend);
            let section = port.map_or("", |port| port.name.as_str());
            if is_for(policy, &object, section) {
                found.insert(ancestor.clone());
            }
        }
    }
    found
}

/// What is said of a policy.
fn report<P: Policy>(policy: &P, users: &Users, reader: &Reader<'_>) -> Report {
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
    let ancestors = ancestors(policy, users, reader);
    let entries = ancestors.iter().take(MAX_ANCESTORS);
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
