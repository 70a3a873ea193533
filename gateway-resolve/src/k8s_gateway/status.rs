//! What is said of policies: the states of K8sGateway, and findings.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::k8s_gateway::{
    HttpListenerOption, ListenerOption, OptionState, OptionStatus, OptionStatuses, RouteOption,
    Upstream, VirtualHostOption,
};
use gateway_model::{Kind, ObjectRef};

use crate::gateway::ParentFacts;
use crate::policy::Targeting;
use crate::problem::Problem;
use crate::reader::{Read, Reader};
use crate::reason::OptionReason;
use crate::route::RouteFacts;
use crate::status::Status;
use crate::status::report::Report;

use super::listeners::{AttachedPolicy, host_problems, http_problems};
use super::options::{self, Outcome};
use super::route_options;
use super::upstream_settings;

/// Who says it, as clients of K8sGateway know it.
const REPORTED_BY: &str = "gloo-kube-gateway";

/// What has become of policies.
#[derive(Debug, Default)]
struct Uses {
    /// Those that something looked at.
    looked_at: BTreeSet<ObjectRef>,
    /// Those that set something.
    set: BTreeSet<ObjectRef>,
    /// Where others leave nothing to one, and which.
    beaten: BTreeMap<ObjectRef, Vec<(Place, Vec<ObjectRef>)>>,
}

/// A listener, in words.
#[derive(Debug)]
struct Place {
    listener: String,
    gateway: ObjectRef,
}

/// What is said of all options, where these are all routes and all that has listeners.
pub(crate) fn reports<'a>(
    routes: impl Iterator<Item = &'a RouteFacts>,
    parents: impl Iterator<Item = &'a ParentFacts>,
    namespace: &str,
    reader: &Reader<'_>,
) -> Vec<Report> {
    let snapshot = reader.snapshot();
    let kinds = [
        RouteOption::KIND,
        VirtualHostOption::KIND,
        HttpListenerOption::KIND,
        ListenerOption::KIND,
        Upstream::KIND,
    ];
    kinds
        .into_iter()
        .for_each(|kind| reader.record(|| Read::All(kind)));
    let uses = uses(routes, parents);
    let told = Told {
        namespace,
        uses: &uses,
    };
    let mut reports = Vec::new();
    for policy in snapshot.route_options().iter() {
        let found = route_options::problems(&policy.spec.options);
        reports.push(told.report(&**policy, &found, true));
    }
    for policy in snapshot.virtual_host_options().iter() {
        let found = host_problems(&policy.spec.options);
        reports.push(told.report(&**policy, &found, true));
    }
    for policy in snapshot.listener_options().iter() {
        let found = options::problems(&policy.spec.options);
        reports.push(told.report(&**policy, &found, true));
    }
    for policy in snapshot.http_listener_options().iter() {
        let found = http_problems(&policy.spec.options);
        reports.push(told.report(&**policy, &found, false));
    }
    for upstream in snapshot.upstreams().iter() {
        let mut report = Report::new(upstream.reference());
        report.find(&problems(&upstream_settings::problems(upstream)));
        reports.push(report.finish());
    }
    reports
}

fn uses<'a>(
    routes: impl Iterator<Item = &'a RouteFacts>,
    parents: impl Iterator<Item = &'a ParentFacts>,
) -> Uses {
    let mut uses = Uses::default();
    for route in routes {
        let (set, looked_at) = route.rules.policies();
        uses.set
            .extend(set.into_iter().map(|source| source.object.clone()));
        uses.looked_at.extend(looked_at.into_iter().cloned());
    }
    for parent in parents {
        for listener in &parent.listeners {
            for AttachedPolicy { policy, beaten_by } in &listener.policies.attached {
                uses.looked_at.insert(policy.clone());
                if beaten_by.is_empty() {
                    uses.set.insert(policy.clone());
                    continue;
                }
                let place = Place {
                    listener: listener.facts.id.name.to_string(),
                    gateway: parent.gateway.reference.clone(),
                };
                let places = uses.beaten.entry(policy.clone()).or_default();
                places.push((place, beaten_by.clone()));
            }
        }
    }
    uses
}

fn problems(found: &[Outcome]) -> Vec<Problem<OptionReason>> {
    let problem = |outcome: &Outcome| {
        let reason = match outcome.refused {
            true => OptionReason::Rejected,
            false => OptionReason::NotHonoured,
        };
        Problem::new(reason, outcome.field.as_str(), outcome.message.as_str())
    };
    found.iter().map(problem).collect()
}

struct Told<'a> {
    namespace: &'a str,
    uses: &'a Uses,
}

impl Told<'_> {
    /// What is said of a policy, of which that is wrong.
    fn report(&self, policy: &impl Targeting, found: &[Outcome], has_status: bool) -> Report {
        let object = policy.reference();
        let mut report = Report::new(object.clone());
        report.find(&problems(found));
        let beaten = self.beaten(&object);
        let warnings = beaten
            .iter()
            .map(|text| Problem::new(OptionReason::Warning, "", text.as_str()));
        report.find(&warnings.collect::<Vec<_>>());
        report.find(self.idle(&object).as_slice());
        if has_status && self.uses.looked_at.contains(&object) {
            report.status = self.state(&object, found, &beaten).map(|said| {
                let statuses = BTreeMap::from([(self.namespace.to_owned(), said)]);
                Status::Options(OptionStatuses {
                    statuses,
                    ..OptionStatuses::default()
                })
            });
        }
        report.finish()
    }

    /// The state of a policy that something looked at; `None` for one that only lost to others, of which
    /// nothing is said where warnings are not.
    fn state(
        &self,
        object: &ObjectRef,
        found: &[Outcome],
        beaten: &[String],
    ) -> Option<OptionStatus> {
        let refused: Vec<_> = found.iter().filter(|outcome| outcome.refused).collect();
        let texts = |outcome: &&Outcome| format!("{}: {}", outcome.field, outcome.message);
        let (state, reason) = match (refused.is_empty(), beaten) {
            (false, _) => {
                let all: Vec<_> = refused.iter().map(texts).collect();
                (OptionState::Rejected, all.join("; "))
            }
            (true, []) if self.uses.set.contains(object) => (OptionState::Accepted, String::new()),
            (true, []) => return None,
            (true, beaten) => (OptionState::Warning, beaten.join("; ")),
        };
        Some(OptionStatus {
            state,
            reason: shortened(reason),
            reported_by: REPORTED_BY.to_owned(),
            ..OptionStatus::default()
        })
    }

    /// Where others leave nothing to a policy, in K8sGateway's words.
    fn beaten(&self, object: &ObjectRef) -> Vec<String> {
        let places = self.uses.beaten.get(object).into_iter().flatten();
        let name = |object: &ObjectRef| format!("{}/{}", object.namespace, object.name);
        let text = |(Place { listener, gateway }, by): &(Place, Vec<ObjectRef>)| {
            let by: Vec<_> = by.iter().map(name).collect();
            let (kind, own, gateway, by) =
                (&object.kind, name(object), name(gateway), by.join(", "));
            match object.kind == VirtualHostOption::KIND {
                true => format!(
                    "{kind} '{own}' not attached to listener '{listener}' on Gateway '{gateway}' due to \
                     conflict with more specific or older {kind}s '{by}'"
                ),
                false => format!(
                    "{kind} '{own}' not attached to Gateway '{gateway}' due to higher priority {kind} '{by}'"
                ),
            }
        };
        let mut texts: Vec<_> = places.map(text).collect();
        texts.dedup();
        texts
    }

    /// A policy that does nothing anywhere.
    fn idle(&self, object: &ObjectRef) -> Option<Problem<OptionReason>> {
        if self.uses.set.contains(object) {
            return None;
        }
        Some(match self.uses.looked_at.contains(object) {
            true => Problem::new(
                OptionReason::Overridden,
                "spec.options",
                "does nothing: it sets nothing that no other policy sets before it",
            ),
            false => Problem::new(
                OptionReason::NotAttached,
                "spec.targetRefs",
                "does nothing: expected something of its namespace that is served, found no such target",
            ),
        })
    }
}

/// Reasons are of 1 KiB at most.
fn shortened(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().find(|(at, _)| *at > 1020) {
        reason.truncate(end);
    }
    reason
}
