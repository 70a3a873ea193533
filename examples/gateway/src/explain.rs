//! `gateway explain`: which listener, host, rule and backend a request would get.

mod json;
mod request;
mod settings;
mod stream;

use std::fmt;
use std::process::ExitCode;

use gateway_dataplane::table::Table as Compiled;
use gateway_model::{Hostname, Kind, ObjectRef, Resource, Service};
use gateway_resolve::ir::{Ir, Transport};
use gateway_resolve::{Finding, Mesh, Snapshot, Statuses, resolve};
use http::Uri;

use self::request::Target;
use self::stream::Opened;
use crate::cli::{ExplainArguments, ExplainOutput, Place};
use crate::error::Error;
use crate::load::{self, Input};
use crate::outcome::listeners;
use crate::output::{self, Page};
use crate::problems;
use crate::selection;
use crate::table::{BAD, HEADING};

/// Explains what becomes of a request, connection or datagram, on every socket that it may reach.
pub(crate) fn explain(arguments: &ExplainArguments) -> Result<ExitCode, Error> {
    let asked = Asked::new(arguments)?;
    let manifests = Input::new(&arguments.selection).load();
    for problem in problems::of_manifests(&manifests) {
        output::complain(problems::line(&problem));
    }
    let invalid = manifests.has_errors();
    let snapshot = Snapshot::from_resources(manifests.resources.into_iter().map(|l| l.resource));
    let mut config = load::config(&arguments.selection);
    let of_service = arguments.service.as_ref();
    config.mesh = of_service.map(|_| Mesh::new(config.controller_name.clone()));
    let mut resolution = resolve(&snapshot, &config, load::now());
    if let Some(problem) = selection::problem(&config, &snapshot, &resolution.statuses) {
        output::complain(problems::line(&problem));
    }
    if let Some(service) = of_service {
        resolution.ir = in_mesh(&resolution.ir, service, arguments.client.as_deref());
    }
    let mut page = Page::default();
    let served = match arguments.output {
        ExplainOutput::Json => match asked {
            Asked::Request(target, _) => {
                target.explain_as_json(&mut page, &resolution.ir, &snapshot)?
            }
            Asked::Stream(opened) => opened.explain_as_json(&mut page, &resolution.ir)?,
        },
        ExplainOutput::Text => {
            page.line(format_args!("{HEADING}{asked}{HEADING:#}"));
            match asked {
                Asked::Request(target, _) => target.explain(&mut page, &resolution, &snapshot),
                Asked::Stream(opened) => opened.explain(&mut page, &resolution, &snapshot),
            }
        }
    };
    page.print()?;
    Ok(ExitCode::from(match (invalid, served) {
        (true, _) => 2,
        (false, false) => 1,
        (false, true) => 0,
    }))
}

/// What is served to clients in a mesh that reach a Service, from its own namespace unless another is given.
fn in_mesh(ir: &Ir, (namespace, name): &(String, String), client: Option<&str>) -> Ir {
    let service = ObjectRef::new(
        Service::GROUP,
        Service::KIND,
        namespace.as_str(),
        name.as_str(),
    );
    let client = client.unwrap_or(namespace);
    let seen = ir.seen_from(client, |port| port.id.service == service);
    if seen.listeners().is_empty() {
        output::complain(format_args!(
            "no route on {service} is for clients in namespace {client}: they get its endpoints, as without a mesh"
        ));
    }
    seen
}

/// What is asked about.
enum Asked {
    /// A request for this URL.
    Request(Box<Target>, Uri),
    /// A connection, or a datagram.
    Stream(Opened),
}

impl Asked {
    fn new(arguments: &ExplainArguments) -> Result<Self, Error> {
        let ExplainArguments {
            url, tcp, udp, sni, ..
        } = arguments;
        let opened = |transport, place: &Place| {
            Self::Stream(Opened {
                transport,
                place: *place,
                sni: sni.clone(),
            })
        };
        match (url, tcp, udp) {
            (_, Some(place), _) => Ok(opened(Transport::Tcp, place)),
            (_, None, Some(place)) => Ok(opened(Transport::Udp, place)),
            (Some(url), None, None) => {
                let target = Box::new(Target::new(url, arguments)?);
                Ok(Self::Request(target, url.clone()))
            }
            (None, None, None) => Err(Error::new("expected --url, --tcp or --udp, found none")),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(target, url) => write!(f, "{} {url}", target.head.method),
            Self::Stream(Opened {
                transport,
                place,
                sni,
            }) => {
                write!(f, "{transport} {place}")?;
                sni.iter().try_for_each(|name| write!(f, " {name}"))
            }
        }
    }
}

/// Says that nothing is served on a port.
fn none(page: &mut Page, port: impl fmt::Display, table: &Compiled<()>) {
    page.line(format_args!(
        "answer    {BAD}none{BAD:#}: no listener is served on port {port}"
    ));
    let sockets: Vec<_> = table.sockets().map(|(key, _)| key.to_string()).collect();
    match sockets.is_empty() {
        true => page.line("no listener is served at all: see gateway check"),
        false => page.line(format_args!(
            "there are listeners on {}",
            sockets.join(", ")
        )),
    }
}

/// Says what is wrong with the listeners that ask for the port.
fn unserved(page: &mut Page, port: u16, statuses: &Statuses, snapshot: &Snapshot) {
    let gateways = snapshot.gateways().iter().cloned().map(Resource::Gateway);
    let sets = snapshot.listener_sets().iter().cloned();
    for owner in gateways.chain(sets.map(Resource::ListenerSet)) {
        let object = owner.reference();
        let listeners = listeners(&owner).iter().enumerate();
        for (index, listener) in listeners.filter(|(_, l)| l.port.get() == port) {
            let field = format!("spec.listeners[{index}]");
            let of_listener = |finding: &&Finding| {
                let own = finding.field.as_deref().unwrap_or_default();
                finding.resource == object && own.starts_with(&field)
            };
            for Finding { code, message, .. } in statuses.findings().filter(of_listener) {
                let name = &listener.name;
                page.line(format_args!(
                    "unserved  {object} listener {name}: {message} ({code})"
                ));
            }
        }
    }
}

fn name_or_any(name: Option<&Hostname>) -> String {
    name.map_or("any".to_owned(), |name| name.as_str().to_owned())
}
