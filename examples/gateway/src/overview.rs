//! What `gateway run` prints when it starts: listeners, routes, demo backends, problems.

use std::collections::BTreeMap;

use gateway_dataplane::ListenerReport;
use gateway_model::{Hostname, ListenerStatus, ObjectRef, RouteParentStatus};
use gateway_resolve::ir::{
    Action, BackendId, Ir, Listener, ListenerId, Rule, Stack, StreamAction, StreamRule, Target,
};
use gateway_resolve::{Status, Statuses};

use crate::conditions;
use crate::echo::Echoes;
use crate::outcome::Outcome;
use crate::output::Page;
use crate::problems;
use crate::routes::{Listed, all};
use crate::table::{HEADING, Table};

/// The most rows of one table; `gateway check` shows all.
const MOST: usize = 40;

/// What is served and what is wrong.
pub(crate) fn page(outcome: &Outcome, echoes: &Echoes) -> Page {
    let tables = [listeners(outcome), routes(outcome), demo_backends(echoes)];
    let shown: Vec<_> = tables
        .into_iter()
        .filter(|table| !table.is_empty())
        .collect();
    let mut page = Page::default();
    page.text(&shown.join("\n"));
    if !outcome.problems.is_empty() {
        let blank = if page.is_empty() { "" } else { "\n" };
        page.line(format_args!("{blank}{HEADING}PROBLEMS{HEADING:#}"));
    }
    for problem in &outcome.problems {
        page.line(problems::line(problem));
    }
    page
}

/// The listeners that are served, and those that aren't, with the reason.
fn listeners(outcome: &Outcome) -> String {
    let Outcome {
        ir,
        statuses,
        applied,
        ..
    } = outcome;
    let served: BTreeMap<_, _> = ir.listeners().iter().map(|l| (&l.id, &**l)).collect();
    let reports: BTreeMap<_, _> = applied
        .listeners()
        .iter()
        .map(|report| (&report.id, report))
        .collect();
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
            Status::ListenerSet(set) => &set.listeners,
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
        Stack::Http { .. } => "HTTP",
        Stack::Https { .. } => "HTTPS",
        Stack::TlsPassthrough { .. } | Stack::TlsTerminate { .. } => "TLS",
        Stack::Tcp { .. } => "TCP",
        Stack::Udp { .. } => "UDP",
    }
}

fn host(listener: &Listener) -> String {
    let name = listener.hostname.as_ref();
    name.map_or("any".to_owned(), |name| name.as_str().to_owned())
}

/// The routes, with their backends and whether each parent takes them.
fn routes(outcome: &Outcome) -> String {
    let Outcome {
        ir,
        statuses,
        snapshot,
        ..
    } = outcome;
    let targets = targets(ir);
    let mut table = Table::new(["ROUTE", "HOSTS", "ON", "TO", "STATE"]);
    for Listed {
        object, hostnames, ..
    } in all(snapshot)
    {
        let to = targets
            .get(&object)
            .cloned()
            .unwrap_or_else(|| "-".to_owned());
        for parent in parents(&object, statuses) {
            table.push([
                object.to_string().into(),
                hosts(hostnames).into(),
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
        Some(Status::Route(status)) => &status.parents,
        _ => &[],
    }
}

fn hosts(hostnames: &[Hostname]) -> String {
    let names: Vec<_> = hostnames.iter().map(|name| name.as_str()).collect();
    match names.as_slice() {
        [] => "any".to_owned(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

/// What the rules of each route end in, each thing once.
fn targets(ir: &Ir) -> BTreeMap<ObjectRef, String> {
    let mut targets = BTreeMap::<ObjectRef, Vec<String>>::new();
    let mut add = |route: &ObjectRef, ends: Vec<String>| {
        let known = targets.entry(route.clone()).or_default();
        for target in ends {
            if !known.contains(&target) {
                known.push(target);
            }
        }
    };
    for listener in ir.listeners() {
        let rules = listener.rules();
        rules.for_each(|rule| add(&rule.source.id.route, ends(rule)));
        let streams = listener.stream_rules();
        streams.for_each(|rule| add(&rule.source.id.route, stream_ends(rule)));
    }
    targets
        .into_iter()
        .map(|(route, targets)| (route, shortened(&targets)))
        .collect()
}

fn ends(rule: &Rule) -> Vec<String> {
    match &rule.action {
        Action::Forward(split) => {
            let targets = split.targets().iter();
            targets.map(|target| end(&target.target)).collect()
        }
        Action::Redirect(redirect) => vec![format!("redirect {}", redirect.status)],
        Action::Respond(response) => vec![format!("answer {}", response.status)],
        Action::Fail(refusal) => vec![format!("error {}", refusal.status)],
    }
}

fn stream_ends(rule: &StreamRule) -> Vec<String> {
    let targets = rule.targets().iter();
    match &rule.action {
        StreamAction::Forward(_) => targets.map(|target| end(&target.target)).collect(),
        StreamAction::Fail(_) => vec!["error".to_owned()],
    }
}

fn end(target: &Target) -> String {
    match target.backend() {
        Some(BackendId {
            object,
            port: Some(port),
            ..
        }) => format!("{}:{port}", object.name),
        Some(BackendId { object, .. }) => object.name.to_string(),
        None => "error".to_owned(),
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
