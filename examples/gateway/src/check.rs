//! `gateway check`: validate and resolve, and open no socket.

use std::collections::BTreeMap;
use std::process::ExitCode;

use gateway_dataplane::check::Places;
use gateway_model::Manifests;
use gateway_resolve::ir::Ir;
use gateway_resolve::{Mesh, Resolution, Snapshot, Status, Statuses, resolve};

use crate::cli::{CheckArguments, Output};
use crate::conditions;
use crate::error::Error;
use crate::load::{self, Input};
use crate::output::{self, Page};
use crate::problems::{self, Problem};
use crate::table::{GOOD, HEADING, Table};
use crate::{selection, yaml};

/// What there is to say when nothing is wrong.
const CLEAN: &str = "Everything is valid, accepted and resolved.";

/// Checks the manifests and prints what was found.
pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode, Error> {
    let mut manifests = Input::new(&arguments.selection).load();
    let (resources, places) = Places::take(&mut manifests);
    let snapshot = Snapshot::from_resources(resources);
    let mut config = load::config(&arguments.selection);
    // A cluster gives each Gateway an address; where they share one, `run` says what is in the way.
    config.default_is_shared = false;
    config.mesh = arguments.mesh.clone().map(Mesh::new);
    let Resolution { statuses, ir, .. } = resolve(&snapshot, &config, load::now());
    let unmatched = selection::problem(&config, &snapshot, &statuses);
    let clean = unmatched.is_none() && statuses.findings().next().is_none();
    let found = problems::all(
        &manifests,
        statuses.findings().cloned(),
        &snapshot,
        &ir,
        &places,
    );
    let problems: Vec<_> = unmatched.into_iter().chain(found).collect();
    let page = match arguments.output {
        Output::Table => table(&problems, &statuses, &manifests),
        Output::Yaml => yaml(&problems, &statuses)?,
        Output::Json => json(&problems, &statuses)?,
        Output::Ir => intermediate(&problems, &ir)?,
    };
    page.print()?;
    Ok(ExitCode::from(match (manifests.has_errors(), clean) {
        (true, _) => 2,
        (false, false) => 1,
        (false, true) => 0,
    }))
}

fn json(problems: &[Problem], statuses: &Statuses) -> Result<Page, Error> {
    let statuses: Vec<_> = statuses.documents().collect();
    let whole = serde_json::json!({"problems": problems, "statuses": statuses});
    let text = serde_json::to_string_pretty(&whole).map_err(Error::internal)?;
    let mut page = Page::default();
    page.line(text);
    Ok(page)
}

fn intermediate(problems: &[Problem], ir: &Ir) -> Result<Page, Error> {
    for problem in problems {
        output::complain(problems::line(problem));
    }
    let mut page = Page::default();
    page.line(serde_json::to_string_pretty(ir).map_err(Error::internal)?);
    Ok(page)
}

fn yaml(problems: &[Problem], statuses: &Statuses) -> Result<Page, Error> {
    for problem in problems {
        output::complain(problems::line(problem));
    }
    let mut page = Page::default();
    for document in statuses.documents() {
        let value = serde_json::to_value(document).map_err(Error::internal)?;
        page.text(&yaml::document(&value));
    }
    Ok(page)
}

fn table(problems: &[Problem], statuses: &Statuses, manifests: &Manifests) -> Page {
    let mut table = Table::new(["RESOURCE", "CONDITIONS", "ROUTES"]);
    for (object, status) in statuses.iter() {
        add(&mut table, object.to_string(), status);
    }
    let mut page = Page::default();
    page.text(&table.render(usize::MAX));
    match problems.is_empty() {
        true => page.line(format_args!("{GOOD}{CLEAN}{GOOD:#}")),
        false => add_problems(&mut page, problems),
    }
    if let Some(line) = others(manifests) {
        page.line(line);
    }
    page
}

fn add_problems(page: &mut Page, problems: &[Problem]) {
    let blank = if page.is_empty() { "" } else { "\n" };
    let count = count(problems.len());
    page.line(format_args!("{blank}{HEADING}{count}{HEADING:#}"));
    for problem in problems {
        page.line(problems::line(problem));
    }
}

/// Says which kinds were left alone, so that nobody thinks that they were checked.
fn others(manifests: &Manifests) -> Option<String> {
    let mut kinds = BTreeMap::new();
    for object in &manifests.unknown {
        *kinds.entry(&object.reference.kind).or_insert(0) += 1;
    }
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    (!kinds.is_empty()).then(|| format!("Not looked at: {}.", kinds.join(", ")))
}

fn count(problems: usize) -> String {
    match problems {
        1 => "1 PROBLEM".to_owned(),
        several => format!("{several} PROBLEMS"),
    }
}

/// A row for the resource, and one for each of its listeners or parents.
fn add(table: &mut Table<3>, object: String, status: &Status) {
    match status {
        Status::GatewayClass(class) => {
            table.push([
                object.into(),
                conditions::summary(&class.conditions),
                "".into(),
            ]);
        }
        Status::Gateway(gateway) => {
            table.push([
                object.into(),
                conditions::summary(&gateway.conditions),
                "".into(),
            ]);
            for listener in &gateway.listeners {
                let name = format!("  listener {}", listener.name);
                let routes = listener.attached_routes.to_string();
                table.push([
                    name.into(),
                    conditions::summary(&listener.conditions),
                    routes.into(),
                ]);
            }
        }
        Status::Route(route) => {
            table.push([object.into(), "".into(), "".into()]);
            for parent in &route.parents {
                let name = format!("  on {}", conditions::parent(&parent.parent_ref));
                table.push([
                    name.into(),
                    conditions::summary(&parent.conditions),
                    "".into(),
                ]);
            }
        }
        Status::Policy(policy) => {
            table.push([object.into(), "".into(), "".into()]);
            for ancestor in &policy.ancestors {
                let name = format!("  on {}", conditions::parent(&ancestor.ancestor_ref));
                table.push([
                    name.into(),
                    conditions::summary(&ancestor.conditions),
                    "".into(),
                ]);
            }
        }
        _ => {}
    }
}
