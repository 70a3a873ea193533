//! The status of policies of an embedder's own kinds: one entry for each Gateway that they make a difference for.

use std::collections::BTreeSet;

use gateway_model::{
    CustomObject, CustomStatus, Gateway, GrpcRoute, HttpRoute, Kind, ListenerSet, ObjectRef,
    PolicyStatus, Service, TcpRoute, TlsRoute, UdpRoute,
};

use crate::Snapshot;
use crate::index::Indexed;
use crate::kinds::{Kinds, PolicyKind, all_kinds, judge, name_of};
use crate::policy::users::{Ancestor, Users};
use crate::reader::Reader;
use crate::route::parents::{Parent, Parents};

use super::Status;
use super::policy::{Targets, report, using};
use super::report::Report;

/// The policies of own kinds.
pub(super) fn names(snapshot: &Snapshot, own: &Kinds) -> impl Iterator<Item = ObjectRef> {
    let kinds = all_kinds(own);
    let policies = kinds.flat_map(|kind| snapshot.customs.of_kind(&name_of(kind)));
    policies.map(|policy| policy.reference())
}

/// What is said of the policy of that name; `None` when there is none.
pub(super) fn of_policy(
    object: &ObjectRef,
    users: &Users,
    parents: &Parents,
    reader: &Reader<'_>,
) -> Option<Report> {
    let kind = reader.kinds().of_policy(object)?;
    let policy = &**reader.custom(object)?;
    let targets = targets(kind, policy, reader);
    let judged = judge(kind, policy, reader);
    let keys = policy.keys().into_iter();
    let ancestors = keys.flat_map(|object| ancestors(policy, &object, users, parents, reader));
    let stored = &policy.status.ancestors;
    let report = report(
        policy,
        stored,
        judged,
        &targets,
        &ancestors.collect(),
        reader,
    );
    Some(as_custom(report, policy))
}

/// The Gateways that a policy makes a difference for by what it says of an object.
fn ancestors(
    policy: &CustomObject,
    object: &ObjectRef,
    users: &Users,
    parents: &Parents,
    reader: &Reader<'_>,
) -> BTreeSet<Ancestor> {
    match (&*object.group, &*object.kind) {
        (Gateway::GROUP, Gateway::KIND | ListenerSet::KIND) => {
            let parent = parents.get(object, reader);
            parent.and_then(Parent::ancestor).into_iter().collect()
        }
        (Service::GROUP, Service::KIND) => using(policy, object, users, reader),
        _ => users
            .of(object, reader)
            .map(|(_, ancestor)| ancestor.clone())
            .collect(),
    }
}

/// The same, as the status of an object of its kind.
fn as_custom(mut report: Report, policy: &CustomObject) -> Report {
    if let Some(Status::Policy(PolicyStatus { ancestors })) = report.status {
        let status = CustomStatus {
            ancestors,
            ..CustomStatus::default()
        };
        report.status = Some(Status::Custom {
            api_version: policy.api_version.clone(),
            status,
        });
    }
    report
}

/// What is wrong with the targets of a policy.
fn targets(kind: &dyn PolicyKind, policy: &CustomObject, reader: &Reader<'_>) -> Targets {
    let refused = |object: &ObjectRef| {
        if !may_have_policies(object, reader) || !kind.is_for(object) {
            Some(format!("a {} can't be for a {}", kind.kind(), object.kind))
        } else if *object.namespace != *policy.metadata.namespace {
            Some(format!(
                "expected an object of its own namespace, found {object}"
            ))
        } else {
            None
        }
    };
    let exists = |object: &ObjectRef| reader.resource(object).is_some();
    let name = name_of(kind);
    Targets::judge(policy, refused, exists, |object| {
        reader.customs_for(&name, object)
    })
}

/// Is it of a kind that there may be policies for?
fn may_have_policies(object: &ObjectRef, reader: &Reader<'_>) -> bool {
    let (group, kind) = (&*object.group, &*object.kind);
    let known = [
        (Gateway::GROUP, Gateway::KIND),
        (GrpcRoute::GROUP, GrpcRoute::KIND),
        (HttpRoute::GROUP, HttpRoute::KIND),
        (ListenerSet::GROUP, ListenerSet::KIND),
        (Service::GROUP, Service::KIND),
        (TcpRoute::GROUP, TcpRoute::KIND),
        (TlsRoute::GROUP, TlsRoute::KIND),
        (UdpRoute::GROUP, UdpRoute::KIND),
    ];
    known.contains(&(group, kind)) || reader.kinds().of_backend(group, kind).is_some()
}
