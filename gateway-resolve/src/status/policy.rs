//! The status of policies: one entry for each Gateway whose routes lead to what they are for.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, Condition, Gateway, Kind, ObjectRef, ParentReference, PolicyAncestorStatus,
    PolicyStatus, Service, XBackendTrafficPolicy,
};

use crate::Snapshot;
use crate::index::Indexed;
use crate::kinds::Kinds;
use crate::policy::users::{Ancestor, Users};
use crate::policy::{Judged, Policy, Targeting, is_for, rival, target_of};
use crate::problem::{Problem, Verdict, texts};
use crate::reader::Reader;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs};
use crate::route::parents::Parents;
use crate::route::references::service_port;
use crate::x_backend;

use super::Status;
use super::conditions::Conditions;
use super::own_policy;
use super::report::Report;

/// What follows from the list of the kinds of policies.
macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// The policies of all kinds, those of an embedder's own included, and the XBackends, which have an entry for
        /// each Gateway as well.
        pub(crate) fn names(
            snapshot: &Snapshot,
            own: &Kinds,
        ) -> impl Iterator<Item = ObjectRef> {
            own_policy::names(snapshot, own)
                $(.chain(snapshot.all::<$kind>().iter().map(|policy| policy.reference())))*
                .chain(snapshot.x_backends().iter().map(|backend| backend.reference()))
        }

        /// Is it a kind of policy, or an XBackend?
        pub(crate) fn is_policy(object: &ObjectRef, own: &Kinds) -> bool {
            own.of_policy(object).is_some() || x_backend::is(object)
                $(|| (object.group == $kind::GROUP && object.kind == $kind::KIND))*
        }

        /// What is said of the policy or XBackend of that name; `None` when there is none.
        pub(crate) fn of_policy(
            object: &ObjectRef,
            users: &Users,
            parents: &Parents,
            reader: &Reader<'_>,
        ) -> Option<Report> {
            $(if object.group == $kind::GROUP && object.kind == $kind::KIND {
                let policy = &**reader.get::<$kind>(object)?;
                return Some(of_kind(policy, users, reader));
            })*
            if x_backend::is(object) {
                let backend = reader.x_backend(object)?;
                return Some(super::x_backend::report(backend, users, reader));
            }
            own_policy::of_policy(object, users, parents, reader)
        }
    };
}

kinds! {
    BackendTlsPolicy,
    XBackendTrafficPolicy,
}

/// What is said of a policy.
fn of_kind<P: Policy>(policy: &P, users: &Users, reader: &Reader<'_>) -> Report {
    let (judged, targets) = (policy.judge(reader), targets(policy, reader));
    let keys = policy.keys().into_iter();
    let ancestors = keys.flat_map(|object| using(policy, &object, users, reader));
    let stored = &policy.stored().ancestors;
    report(
        policy,
        stored,
        judged,
        &targets,
        &ancestors.collect(),
        reader,
    )
}

/// The Gateways whose routes lead to what a policy is for of an object.
pub(super) fn using(
    policy: &impl Targeting,
    object: &ObjectRef,
    users: &Users,
    reader: &Reader<'_>,
) -> BTreeSet<Ancestor> {
    let Some(service) = reader.service(object) else {
        return BTreeSet::new();
    };
    let used = users.of(object, reader).filter(|(backend, _)| {
        let port = backend.as_ref();
        let port = port.and_then(|id| service_port(service, id).ok());
        let section = port.map_or("", |port| port.name.as_str());
        is_for(policy, object, section)
    });
    used.map(|(_, ancestor)| ancestor.clone()).collect()
}

/// What is said of a policy, whatever its kind.
pub(super) fn report(
    policy: &impl Targeting,
    stored: &[PolicyAncestorStatus],
    judged: Judged,
    targets: &Targets,
    ancestors: &BTreeSet<Ancestor>,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(policy.object());
    let Judged {
        refused,
        unresolved,
    } = judged;
    let Targets { missing, conflicts } = targets;
    report.find(missing);
    report.find(conflicts);
    report.find(&refused);
    report.find(unresolved.as_deref().unwrap_or_default());
    let wholly = conflicts.len() + missing.len() == policy.targets().len();
    let accepted = match refused.is_empty() {
        true if wholly && !conflicts.is_empty() => {
            Verdict::new(PolicyAccepted::Conflicted, texts(conflicts))
        }
        true if conflicts.is_empty() => Verdict::new(PolicyAccepted::Accepted, "accepted"),
        true => Verdict::new(
            PolicyAccepted::Accepted,
            format!("accepted, apart from: {}", texts(conflicts)),
        ),
        false => Verdict::of(&refused, PolicyAccepted::Accepted, "accepted"),
    };
    let resolved = || {
        let good = PolicyResolvedRefs::ResolvedRefs;
        let unresolved = unresolved.as_deref()?;
        Some(Verdict::of(unresolved, good, "all references resolve"))
    };
    let entries = ancestors.iter().take(MAX_ANCESTORS);
    let entries = entries.map(|(gateway, controller)| {
        let ancestor_ref = reference_to(gateway);
        let stored = stored_at(stored, &ancestor_ref, controller);
        let generation = policy.meta().generation;
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
        report.status = Some(Status::Policy(PolicyStatus { ancestors: entries }));
    }
    report.finish()
}

/// How many entries the API server takes in a policy's `status.ancestors`.
const MAX_ANCESTORS: usize = 16;

/// What is wrong with the targets of a policy.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) missing: Vec<Problem<PolicyAccepted>>,
    pub(super) conflicts: Vec<Problem<PolicyAccepted>>,
}

impl Targets {
    /// Looks at each target of a policy: `refused` says what it can't be for, `exists` whether an object is there,
    /// `rivals` which policies of its kind are for it.
    pub(super) fn judge<'a, P, R>(
        policy: &P,
        refused: impl Fn(&ObjectRef) -> Option<String>,
        exists: impl Fn(&ObjectRef) -> bool,
        rivals: impl Fn(&ObjectRef) -> R,
    ) -> Self
    where
        P: Targeting + 'a,
        R: Iterator<Item = &'a Arc<P>>,
    {
        let mut found = Self::default();
        for (index, target) in policy.targets().iter().enumerate() {
            let object = target_of(policy, target);
            let problem = |reason, message: String| {
                Problem::new(reason, format!("spec.targetRefs[{index}]"), message)
            };
            if let Some(message) = refused(&object) {
                let invalid = problem(PolicyAccepted::Invalid, message);
                found.missing.push(invalid);
            } else if !exists(&object) {
                let message = format!("{object} does not exist");
                let missing = problem(PolicyAccepted::TargetNotFound, message);
                found.missing.push(missing.missing(object));
            } else if let Some(older) = rival(policy, target, rivals(&object)) {
                let message = format!("{} has this target already", older.object());
                let conflict = problem(PolicyAccepted::Conflicted, message);
                found.conflicts.push(conflict);
            }
        }
        found
    }
}

fn targets<P: Policy>(policy: &P, reader: &Reader<'_>) -> Targets {
    let refused = |object: &ObjectRef| {
        let is_one = object.group == Service::GROUP && object.kind == Service::KIND;
        (!is_one).then(|| format!("expected a Service, found {object}"))
    };
    let exists = |object: &ObjectRef| reader.service(object).is_some();
    Targets::judge(policy, refused, exists, |object| {
        reader.policies::<P>(object)
    })
}

pub(crate) fn reference_to(gateway: &ObjectRef) -> ParentReference {
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
fn stored_at<'a>(
    stored: &'a [PolicyAncestorStatus],
    ancestor: &ParentReference,
    controller: &str,
) -> &'a [Condition] {
    let mut entries = stored.iter();
    let entry = entries
        .find(|entry| entry.controller_name == controller && entry.ancestor_ref == *ancestor);
    entry.map_or(&[], |entry| &entry.conditions)
}
