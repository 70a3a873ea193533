//! Writes the statuses.

#[cfg(feature = "k8s-gateway")]
use std::sync::Arc;

use gateway_model::{GatewayClass, Kind, ObjectRef, RouteStatus};

use crate::facts::Facts;
use crate::gateway::ParentFacts;
use crate::gateway::classes::Class;
use crate::gateway::owner::Owner;
use crate::policy::users::Users;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::Reason;
use crate::route::RouteFacts;
use crate::route::parents::Parents;
use crate::{Config, Finding};

use super::attached::Attached;
use super::unserved::Unserved;
use super::{
    Status, Statuses, class, gateway, gateway_findings, listener_set, mesh, policy, route,
};

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
    pub(crate) fn finish(mut self) -> Self {
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
    report.status = Some(Status::GatewayClass(class::status(
        object, class, config, reader,
    )));
    report.finish()
}

/// What is said of a Gateway or ListenerSet; `attached` knows the routes of listeners,
/// `unserved` what the data plane says of them.
pub(crate) fn of_parent(
    facts: &ParentFacts,
    attached: &Attached,
    unserved: &Unserved,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(facts.owner.reference());
    let unserved = unserved.of(&report.object, reader);
    gateway_findings::find(&mut report, facts);
    report.status = Some(match &facts.owner {
        Owner::Gateway(_) => Status::Gateway(gateway::status(facts, attached, unserved, reader)),
        Owner::ListenerSet { object, .. } => Status::ListenerSet(listener_set::status(
            object, facts, attached, unserved, reader,
        )),
    });
    report.finish()
}

/// What is said of a route by the parents that delegate to it: with the controller of each.
#[cfg(feature = "k8s-gateway")]
pub(crate) type AsChild<'a> = Vec<(&'a Arc<str>, &'a crate::k8s_gateway::delegation::ChildEntry)>;
#[cfg(not(feature = "k8s-gateway"))]
pub(crate) type AsChild<'a> = [&'a (); 0];

/// What is said of a route, if it is attached anywhere or delegated to.
pub(crate) fn of_route(
    object: &ObjectRef,
    facts: Option<&RouteFacts>,
    as_child: &AsChild<'_>,
    reader: &Reader<'_>,
) -> Report {
    let mut report = Report::new(object.clone());
    let mut status = RouteStatus::default();
    if let Some(facts) = facts {
        route::find(&mut report, facts);
        status = route::status(facts, reader);
    }
    #[cfg(feature = "k8s-gateway")]
    for (controller, entry) in as_child {
        report.find(&entry.invalid);
        report.find(&entry.unresolved);
        status
            .parents
            .push(route::of_child(controller, entry, reader));
    }
    #[cfg(not(feature = "k8s-gateway"))]
    let [] = as_child;
    if !status.parents.is_empty() {
        report.status = Some(Status::Route(status));
    }
    report.finish()
}

/// Writes the statuses of everything that is served.
pub(crate) fn report(
    facts: &Facts<'_>,
    unserved: &Unserved,
    config: &Config,
    reader: &Reader<'_>,
) -> Statuses {
    let mut statuses = Statuses::default();
    for (object, class) in facts.classes.objects() {
        statuses.take(of_class(object, class, config, reader));
    }
    let attached = Attached::of_all(facts.routes.iter());
    for parent in &facts.parents {
        statuses.take(of_parent(parent, &attached, unserved, reader));
    }
    routes(facts, reader).for_each(|report| _ = statuses.take(report));
    policies(facts, config, reader).for_each(|report| _ = statuses.take(report));
    mesh::of_all(config, reader).for_each(|report| _ = statuses.take(report));
    #[cfg(feature = "k8s-gateway")]
    options(facts, config, reader).for_each(|report| _ = statuses.take(report));
    statuses
}

/// What is said of all policies.
fn policies<'a>(
    facts: &Facts<'_>,
    config: &Config,
    reader: &'a Reader<'_>,
) -> impl Iterator<Item = Report> + use<'a> {
    let objects: Vec<_> = policy::names(reader.snapshot(), reader.kinds()).collect();
    let users = match objects.is_empty() {
        true => Users::default(),
        false => Users::of_all(facts.routes.iter()),
    };
    let parents = Parents::new(&facts.parents, config);
    let objects = objects.into_iter();
    objects.filter_map(move |object| policy::of_policy(&object, &users, &parents, reader))
}

/// What is said of all options.
#[cfg(feature = "k8s-gateway")]
fn options<'a>(
    facts: &Facts<'_>,
    config: &'a Config,
    reader: &'a Reader<'a>,
) -> impl Iterator<Item = Report> + 'a {
    use crate::k8s_gateway::{status, uses::Uses};
    let parents = facts.parents.iter().map(|parent| &**parent);
    let uses = Uses::of_all(facts.routes.iter(), parents);
    status::names(reader.snapshot()).filter_map(move |object| {
        let said = status::Said {
            namespace: &config.namespace,
            uses: &uses,
            reader,
        };
        said.of(&object)
    })
}

/// What is said of all routes.
#[cfg(not(feature = "k8s-gateway"))]
fn routes<'a>(facts: &'a Facts<'_>, reader: &'a Reader<'_>) -> impl Iterator<Item = Report> + 'a {
    let routes = facts.routes.iter();
    routes.map(|route| of_route(route.reference(), Some(route), &[], reader))
}

/// What is said of all routes, those included that are only delegated to.
#[cfg(feature = "k8s-gateway")]
fn routes<'a>(facts: &'a Facts<'_>, reader: &'a Reader<'_>) -> impl Iterator<Item = Report> + 'a {
    let mut known: std::collections::BTreeMap<&ObjectRef, (Option<&RouteFacts>, AsChild<'_>)> =
        facts
            .routes
            .iter()
            .map(|route| (route.reference(), (Some(route), Vec::new())))
            .collect();
    for route in &facts.routes {
        for (child, entries) in &route.children {
            let (_, as_child) = known.entry(child).or_default();
            as_child.extend(as_child_of(route, entries));
        }
    }
    let said = known.into_iter();
    said.map(move |(object, (facts, mut as_child))| {
        unique(&mut as_child);
        of_route(object, facts, &as_child, reader)
    })
}

/// The entries of a child, for each controller of the route that leads to it.
#[cfg(feature = "k8s-gateway")]
pub(crate) fn as_child_of<'a>(
    route: &'a RouteFacts,
    entries: &'a [crate::k8s_gateway::delegation::ChildEntry],
) -> impl Iterator<Item = (&'a Arc<str>, &'a crate::k8s_gateway::delegation::ChildEntry)> {
    let parents = route.attachment.parents.iter();
    let controllers: std::collections::BTreeSet<_> =
        parents.map(|parent| &parent.controller).collect();
    controllers
        .into_iter()
        .flat_map(move |controller| entries.iter().map(move |entry| (controller, entry)))
}

/// Several routes may lead to a child by one parent; of the entries that they have for it the first counts.
#[cfg(feature = "k8s-gateway")]
pub(crate) fn unique(entries: &mut AsChild<'_>) {
    let mut known: Vec<(Arc<str>, gateway_model::ParentReference)> = Vec::new();
    entries.retain(|(controller, entry)| {
        let key = (Arc::clone(controller), entry.parent.clone());
        let is_new = !known.contains(&key);
        known.extend(is_new.then_some(key));
        is_new
    });
}
