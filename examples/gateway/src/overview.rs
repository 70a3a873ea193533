//! What `gateway run` prints when it starts: listeners, routes, demo backends, problems.

use std::collections::BTreeMap;

use gateway_dataplane::ListenerReport;
use gateway_model::{HttpRoute, Kind, ListenerStatus, Manifests, ObjectRef, RouteParentStatus};
use gateway_resolve::ir::{Action, Ir, Listener, ListenerId, Rule, Stack};
use gateway_resolve::reason::{ListenerProgrammed, Reason};
use gateway_resolve::{Finding, Snapshot, Status, Statuses};

use crate::conditions;
use crate::echo::Echoes;
use crate::error::Error;
use crate::problems::{self, Problem};
use crate::serve::Outcome;
use crate::table::{HEADING, Table};

/// The most rows of one table; `gateway check` shows all.
const MOST: usize = 40;

/// What is served and what is wrong, in short.
pub(crate) struct Overview {
    /// The tables.
    text: String,
    /// Listeners with an open socket.
    pub(crate) listeners: usize,
    /// Listeners without one, and why.
    refused: Vec<String>,
    /// Routes that are served.
    pub(crate) routes: usize,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Sums up what came of `manifests`.
pub(crate) fn overview(manifests: &Manifests, outcome: &Outcome, echoes: &Echoes) -> Overview {
    let Outcome {
        snapshot,
        ir,
        applied,
        statuses,
    } = outcome;
    let reports = applied.listeners();
    let targets = targets(ir);
    let (open, closed): (Vec<_>, Vec<_>) = reports.iter().partition(|r| !r.bound.is_empty());
    let tables = [
        listeners(ir, statuses, reports),
        routes(&targets, snapshot, statuses),
        demo_backends(echoes),
    ];
    let refusals = applied
        .problems()
        .map(|(id, problem)| finding(id, problem, snapshot));
    let findings: Vec<_> = statuses
        .findings()
        .iter()
        .cloned()
        .chain(refusals)
        .collect();
    Overview {
        text: tables
            .into_iter()
            .filter(|table| !table.is_empty())
            .collect::<Vec<_>>()
            .join("\n"),
        listeners: open.len(),
        refused: closed.into_iter().map(refusal).collect(),
        routes: targets.len(),
        problems: problems::all(manifests, &findings),
    }
}

/// A listener that the proxy could not open, in the terms of resolution.
fn finding(id: &ListenerId, problem: &gateway_dataplane::Problem, snapshot: &Snapshot) -> Finding {
    let ListenerId { parent, name } = id;
    let gateway = snapshot.gateways().get(&parent.namespace, &parent.name);
    let position = gateway.and_then(|g| g.spec.listeners.iter().position(|l| l.name == *name));
    Finding {
        resource: parent.clone(),
        code: ListenerProgrammed::Pending.as_str(),
        field: position.map(|n| format!("spec.listeners[{n}]")),
        message: problem.to_string(),
    }
}

impl Overview {
    /// Prints all of it.
    pub(crate) fn print(&self) {
        anstream::print!("{}", self.text);
        if !self.problems.is_empty() {
            anstream::println!("\n{HEADING}PROBLEMS{HEADING:#}");
        }
        for problem in &self.problems {
            anstream::println!("{}", problem.line());
        }
    }

    /// Refuses to go on when there are listeners and none of them could be opened.
    pub(crate) fn require_socket(&self) -> Result<(), Error> {
        if self.listeners > 0 || self.refused.is_empty() {
            return Ok(());
        }
        let what = format!(
            "no listener can be served:\n  {}",
            self.refused.join("\n  ")
        );
        let next = "stop what has the ports, or move them all: gateway run --port-offset 10000 ...";
        Err(Error::new(what).next(next))
    }
}

/// The listeners that are served, and those that aren't, with the reason.
fn listeners(ir: &Ir, statuses: &Statuses, reports: &[ListenerReport]) -> String {
    let served: BTreeMap<_, _> = ir.listeners().iter().map(|l| (&l.id, &**l)).collect();
    let reports: BTreeMap<_, _> = reports.iter().map(|report| (&report.id, report)).collect();
    let mut table = Table::new(["LISTENER", "ADDRESS", "PROTOCOL", "HOST", "ROUTES", "STATE"]);
    for (id, status) in listener_statuses(statuses) {
        let listener = served.get(&id).copied();
        table.push([
            format!("{} {}", id.parent, id.name).into(),
            reports
                .get(&id)
                .map_or("-".to_owned(), |report| addresses(report))
                .into(),
            listener.map_or("-", protocol).into(),
            listener.map_or("-".to_owned(), host).into(),
            status.attached_routes.to_string().into(),
            conditions::summary(&status.conditions),
        ]);
    }
    table.render(MOST)
}

/// Why a listener has no open socket.
fn refusal(report: &ListenerReport) -> String {
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    format!("{}: {}", report.id, problems.join("; "))
}

fn addresses(report: &ListenerReport) -> String {
    let bound: Vec<_> = report.bound.iter().map(ToString::to_string).collect();
    match bound.is_empty() {
        true => "-".to_owned(),
        false => bound.join(", "),
    }
}

/// The embedded servers, so that nobody takes them for backends of their own.
fn demo_backends(echoes: &Echoes) -> String {
    let mut table = Table::new(["EMBEDDED DEMO ECHO BACKEND", "ADDRESS"]);
    for (service, address) in echoes.iter() {
        table.push([service.to_string().into(), address.to_string().into()]);
    }
    table.render(MOST)
}

fn listener_statuses(statuses: &Statuses) -> impl Iterator<Item = (ListenerId, &ListenerStatus)> {
    statuses.iter().flat_map(|(object, status)| {
        let listeners: &[ListenerStatus] = match status {
            Status::Gateway(gateway) => &gateway.listeners,
            _ => &[],
        };
        listeners.iter().map(|listener| {
            let id = ListenerId {
                parent: object.clone(),
                name: listener.name.clone(),
            };
            (id, listener)
        })
    })
}

fn protocol(listener: &Listener) -> &'static str {
    match listener.stack {
        Stack::Http => "HTTP",
        Stack::Https(_) => "HTTPS",
        _ => "other",
    }
}

fn host(listener: &Listener) -> String {
    let name = listener.hostname.as_ref();
    name.map_or("any".to_owned(), |name| name.as_str().to_owned())
}

/// The routes, with their backends and whether each parent takes them.
fn routes(
    targets: &BTreeMap<ObjectRef, String>,
    snapshot: &Snapshot,
    statuses: &Statuses,
) -> String {
    let mut table = Table::new(["ROUTE", "HOSTS", "ON", "TO", "STATE"]);
    for route in snapshot.http_routes().iter() {
        let object = route.reference();
        let to = targets
            .get(&object)
            .cloned()
            .unwrap_or_else(|| "-".to_owned());
        for parent in parents(&object, statuses) {
            table.push([
                object.to_string().into(),
                hosts(route).into(),
                conditions::parent(&parent.parent_ref).into(),
                to.clone().into(),
                conditions::summary(&parent.conditions),
            ]);
        }
    }
    table.render(MOST)
}

fn parents<'a>(route: &ObjectRef, statuses: &'a Statuses) -> &'a [RouteParentStatus] {
    match statuses.get(route) {
        Some(Status::HttpRoute(status)) => &status.parents,
        _ => &[],
    }
}

fn hosts(route: &HttpRoute) -> String {
    let names: Vec<_> = route
        .spec
        .hostnames
        .iter()
        .map(|name| name.as_str())
        .collect();
    match names.as_slice() {
        [] => "any".to_owned(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

/// What the rules of each route end in, each thing once.
fn targets(ir: &Ir) -> BTreeMap<ObjectRef, String> {
    let mut targets = BTreeMap::<ObjectRef, Vec<String>>::new();
    for rule in ir.listeners().iter().flat_map(|listener| listener.rules()) {
        let known = targets.entry(rule.source.object.clone()).or_default();
        for target in ends(rule) {
            if !known.contains(&target) {
                known.push(target);
            }
        }
    }
    targets
        .into_iter()
        .map(|(route, targets)| (route, shortened(&targets)))
        .collect()
}

fn ends(rule: &Rule) -> Vec<String> {
    match &rule.action {
        Action::Forward(split) => {
            let backends = split.targets().iter();
            let end = |target: &gateway_resolve::ir::WeightedTarget| match target.target.backend() {
                Some(id) => format!("{}:{}", id.object.name, id.port),
                None => "error".to_owned(),
            };
            backends.map(end).collect()
        }
        Action::Redirect(redirect) => vec![format!("redirect {}", redirect.status)],
        Action::Fail(refusal) => vec![format!("error {}", refusal.status)],
        _ => vec!["-".to_owned()],
    }
}

fn shortened(texts: &[String]) -> String {
    match texts {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} +{}", rest.len())
        }
        few => few.join(", "),
    }
}
