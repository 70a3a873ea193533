//! Writes the statuses.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::{GatewayClass, Kind, ObjectRef};

use crate::facts::Facts;
use crate::gateway::ParentFacts;
use crate::gateway::classes::Class;
use crate::gateway::owner::Owner;
use crate::ir::ListenerId;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::Reason;
use crate::route::RouteFacts;
use crate::{Config, Finding};

use super::{Status, Statuses, class, gateway, gateway_findings, listener_set, policy, route};

/// What is said of one object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) object: ObjectRef,
    /// Its status; `None` when it is not served here.
    pub(crate) status: Option<Status>,
    /// What is wrong with it.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Nothing is said of an object.
    pub(crate) fn new(object: ObjectRef) -> Self {
        Self {
            object,
            status: None,
            findings: Vec::new(),
        }
    }

    /// Records what is wrong.
    pub(crate) fn find<R: Reason>(&mut self, problems: &[Problem<R>]) {
        let finding = |problem: &Problem<R>| {
            let Problem {
                reason,
                field,
                message,
                missing,
            } = problem;
            Finding {
                resource: self.object.clone(),
                code: reason.as_str(),
                field: (!field.is_empty()).then(|| field.clone()),
                message: message.clone(),
                missing: missing.as_deref().cloned(),
            }
        };
        let findings: Vec<_> = problems.iter().map(finding).collect();
        self.findings.extend(findings);
    }

    /// The same with its findings in order. The same thing found for several parents is one finding.
    pub(super) fn finish(mut self) -> Self {
        self.findings.sort();
        self.findings.dedup();
        self
    }
}

/// What is said of a GatewayClass.
pub(crate) fn of_class(
    object: &GatewayClass,
    class: &Class,
    config: &Config,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(object.reference());
    report.find(class.refused.as_slice());
    report.status = Some(class::status(object, class, config, reader).into());
    report.finish()
}

/// What is said of a Gateway or ListenerSet; `attached` counts the routes of a listener.
pub(crate) fn of_parent(
    facts: &ParentFacts,
    attached: impl Fn(&Arc<ListenerId>) -> i32,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(facts.owner.reference());
    gateway_findings::find(&mut report, facts);
    report.status = Some(match &facts.owner {
        Owner::Gateway(_) => gateway::status(facts, attached, reader).into(),
        Owner::ListenerSet { object, .. } => {
            listener_set::status(object, facts, attached, reader).into()
        }
    });
    report.finish()
}

/// What is said of a route.
pub(crate) fn of_route(facts: &RouteFacts, reader: &Reader<'_>) -> Report {
    let mut report = Report::new(facts.reference().clone());
    route::find(&mut report, facts);
    if !facts.attachment.parents.is_empty() {
        report.status = Some(Status::Route(route::status(facts, reader)));
    }
    report.finish()
}

/// Writes the statuses of everything that is served.
pub(crate) fn report(facts: &Facts<'_>, config: &Config, reader: &Reader<'_>) -> Statuses {
    let mut statuses = Statuses::default();
    for (object, class) in facts.classes.objects() {
        statuses.take(of_class(object, class, config, reader));
    }
    // How many accepted routes each listener has, whether or not it is served itself.
    let mut attached = HashMap::new();
    for route in &facts.routes {
        for listener in route.accepted_on() {
            *attached.entry(Arc::clone(listener)).or_default() += 1;
        }
    }
    for parent in &facts.parents {
        let attached = |listener: &Arc<ListenerId>| attached.get(listener).copied().unwrap_or(0);
        statuses.take(of_parent(parent, attached, reader));
    }
    for route in &facts.routes {
        statuses.take(of_route(route, reader));
    }
    for report in policy::reports(facts.routes.iter(), reader) {
        statuses.take(report);
    }
    statuses
}
