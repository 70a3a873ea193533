//! `gateway explain`: which listener, host, rule and backend a request would get.

mod json;
mod settings;
mod stream;

use std::fmt;
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;

use gateway_dataplane::filter::Cors;
use gateway_dataplane::head::{self, HeadRules, RequestHead};
use gateway_dataplane::table::{
    Candidate, Explanation, Head, ListenerOutcome, SocketTable, StreamExplanation,
    Table as Compiled, Verdict,
};
use gateway_model::{Hostname, Resource};
use gateway_resolve::ir::{Ir, Rule, Transport};
use gateway_resolve::{Finding, Resolution, Snapshot, Statuses, resolve};
use http::{HeaderValue, Method, Request, Uri, header};

use self::json::Explained;
use self::stream::Opened;
use crate::answer::{self, Answer};
use crate::cli::{ExplainArguments, ExplainOutput, Place};
use crate::error::Error;
use crate::load::{self, Input};
use crate::outcome::listeners;
use crate::output::{self, Page};
use crate::problems;
use crate::selection;
use crate::table::{BAD, GOOD, HEADING, Table};

/// Explains what becomes of a request, connection or datagram, on every socket that it may reach.
pub(crate) fn explain(arguments: &ExplainArguments) -> Result<ExitCode, Error> {
    let asked = Asked::new(arguments)?;
    let manifests = Input::new(&arguments.selection).load();
    for problem in problems::of_manifests(&manifests) {
        output::complain(problems::line(&problem));
    }
    let invalid = manifests.has_errors();
    let snapshot = Snapshot::from_resources(manifests.resources.into_iter().map(|l| l.resource));
    let config = load::config(&arguments.selection);
    let resolution = resolve(&snapshot, &config, load::now());
    if let Some(problem) = selection::problem(&config, &snapshot, &resolution.statuses) {
        output::complain(problems::line(&problem));
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

/// A request, and what its connection knows.
struct Target {
    head: RequestHead,
    port: u16,
    tls: bool,
    /// The host as an address, which then decides the socket.
    address: Option<IpAddr>,
    /// The server name of the connection.
    sni: Option<String>,
}

impl Target {
    fn new(url: &Uri, arguments: &ExplainArguments) -> Result<Self, Error> {
        let ExplainArguments {
            method,
            grpc,
            sni,
            headers,
            ..
        } = arguments;
        let wrong = || {
            Error::new(format!(
                "--url: expected an absolute http or https URL, found {url}"
            ))
            .next("write it as http://shop.example.com/cart")
        };
        let authority = url.authority().ok_or_else(wrong)?;
        let (tls, default_port) = match url.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(wrong()),
        };
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let address: Option<IpAddr> = host.parse().ok();
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        let mut path = url
            .path_and_query()
            .map_or("/".to_owned(), ToString::to_string);
        if let Some(called) = grpc {
            path = format!("/{}", called.trim_start_matches('/'));
            *request.method_mut() = Method::POST;
            let grpc = HeaderValue::from_static("application/grpc");
            request.headers_mut().insert(header::CONTENT_TYPE, grpc);
        }
        *request.uri_mut() = path.parse().map_err(|_| wrong())?;
        let host_header = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
        request.headers_mut().insert(header::HOST, host_header);
        for (name, value) in headers {
            match name {
                &header::HOST => drop(request.headers_mut().insert(name, value.clone())),
                _ => drop(request.headers_mut().append(name, value.clone())),
            }
        }
        Ok(Self {
            head: RequestHead::from(&request.into_parts().0),
            port: authority.port_u16().unwrap_or(default_port),
            tls,
            sni: match sni {
                Some(name) => Some(name.clone()).filter(|_| tls),
                None => (tls && address.is_none()).then(|| host.to_owned()),
            },
            address,
        })
    }

    /// Tells what becomes of the request; says whether a rule takes it, on any socket.
    fn explain(mut self, page: &mut Page, resolution: &Resolution, snapshot: &Snapshot) -> bool {
        if let Err(error) = head::normalize(&mut self.head, HeadRules::default()) {
            page.line(format_args!(
                "answer    {BAD}{}{BAD:#}: {error}",
                error.status().as_u16()
            ));
            return false;
        }
        let ir = &resolution.ir;
        let table = Compiled::<()>::compile(ir, |_| ());
        let mut served = false;
        let mut any = false;
        for (_, socket) in table.sockets().filter(|(_, socket)| self.reaches(socket)) {
            any = true;
            served |= self.explain_socket(page, socket, ir, snapshot);
        }
        if !any {
            none(page, self.port, &table);
            unserved(page, self.port, &resolution.statuses, snapshot);
        }
        served
    }

    /// The same as one JSON object.
    fn explain_as_json(
        mut self,
        page: &mut Page,
        ir: &Ir,
        snapshot: &Snapshot,
    ) -> Result<bool, Error> {
        let explained = match head::normalize(&mut self.head, HeadRules::default()) {
            Ok(()) => {
                let table = Compiled::compile(ir, |_| ());
                Explained::new(&self, &table, ir, snapshot)
            }
            Err(error) => Explained::refused(Some(error.status().as_u16()), &format!("{error:?}")),
        };
        page.line(serde_json::to_string_pretty(&explained).map_err(Error::internal)?);
        Ok(explained.is_served())
    }

    fn reaches(&self, socket: &SocketTable<()>) -> bool {
        let key = socket.key();
        let same_address = |own: IpAddr| self.address.is_none_or(|address| address == own);
        key.transport.is_tcp() && key.port == self.port && key.address.is_none_or(same_address)
    }

    fn explain_socket(
        &self,
        page: &mut Page,
        socket: &SocketTable<()>,
        ir: &Ir,
        snapshot: &Snapshot,
    ) -> bool {
        page.line(format_args!("socket    {}", socket.key()));
        if let Some(streams) = self.passed_on(socket) {
            return stream::add(page, &streams, ir, snapshot);
        }
        if socket.is_tls() != self.tls {
            let spoken = if socket.is_tls() { "https" } else { "http" };
            page.line(format_args!(
                "answer    {BAD}none{BAD:#}: the socket speaks {spoken}"
            ));
            return false;
        }
        let explanation = socket.explain(&Head::unnormalized(&self.head), self.sni.as_deref());
        add_listener(page, &explanation.listener);
        let served = match (self.special(socket), explanation.chosen()) {
            (Some(special), _) => {
                page.line(special.line());
                matches!(special, Special::Preflight(_))
            }
            (None, Some(chosen)) => add_chosen(page, chosen, ir, snapshot),
            (None, None) => {
                add_nothing(page, &explanation);
                false
            }
        };
        add_losers(page, &explanation);
        served
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

/// What is answered whatever the rule that is found would.
enum Special {
    /// A preflight request, for this rule.
    Preflight(Arc<Rule>),
    /// A refusal, as backends may read the path like this.
    Ambiguous(String),
}

impl Special {
    fn line(&self) -> String {
        match self {
            Self::Preflight(rule) => {
                format!("answer    {GOOD}200{GOOD:#}: a preflight request, answered for {rule}")
            }
            Self::Ambiguous(reading) => format!(
                "answer    {BAD}400{BAD:#}: a backend may read the path as {reading}, which leads to another \
                 rule (--ambiguous-paths)"
            ),
        }
    }
}

impl Target {
    /// Where its connection goes, if nothing of it is looked into here.
    fn passed_on(&self, socket: &SocketTable<()>) -> Option<StreamExplanation> {
        let fits = self.tls || !socket.is_tls();
        fits.then(|| socket.explain_stream(self.sni.as_deref()))?
    }

    fn special(&self, socket: &SocketTable<()>) -> Option<Special> {
        let (head, sni) = (Head::unnormalized(&self.head), self.sni.as_deref());
        let found = socket.find(&head, sni);
        let preflight = Cors::asks_about(&self.head)
            .filter(|_| !found.is_ok_and(|hit| hit.rule.has_cors()))
            .and_then(|method| socket.find_preflight(&head, sni, method));
        if let Some(hit) = preflight {
            return Some(Special::Preflight(Arc::clone(hit.rule.ir())));
        }
        let reading = socket.other_reading(&head, sni, found.ok()?)?;
        Some(Special::Ambiguous(reading))
    }
}

fn add_listener(page: &mut Page, outcome: &ListenerOutcome) {
    page.line(format_args!("listener  {outcome}"));
}

fn add_nothing(page: &mut Page, explanation: &Explanation) {
    let (status, why) = match &explanation.listener {
        ListenerOutcome::Misdirected { .. } => (421, "the connection is for another listener"),
        ListenerOutcome::Chosen(_) if explanation.candidates.is_empty() => {
            (404, "no route is attached: gateway check says why")
        }
        ListenerOutcome::Chosen(_) => (404, "no route matches"),
        ListenerOutcome::NotFound => (404, "no listener matches"),
    };
    page.line(format_args!("answer    {BAD}{status}{BAD:#}: {why}"));
}

/// Tells the rule that takes the request; says whether it is forwarded or redirected.
fn add_chosen(page: &mut Page, chosen: &Candidate, ir: &Ir, snapshot: &Snapshot) -> bool {
    let Answer { lines, served } = answer::of(&chosen.rule, ir, snapshot);
    let style = if served { GOOD } else { BAD };
    page.line(format_args!("host      {}", host(chosen)));
    page.line(format_args!("rule      {}", chosen.rule));
    page.line(format_args!("match     {}", condition(chosen)));
    for link in settings::chain(chosen) {
        page.line(format_args!("by        {link}"));
    }
    for setting in settings::settings(chosen, ir, snapshot) {
        page.line(format_args!("setting   {setting}"));
    }
    for line in lines {
        page.line(format_args!("answer    {style}{line}{style:#}"));
    }
    served
}

fn add_losers(page: &mut Page, explanation: &Explanation) {
    let mut table = Table::new(["RULED OUT", "HOST", "MATCH", "BY"]);
    let losers = explanation.candidates.iter();
    for loser in losers.filter(|candidate| candidate.verdict != Verdict::Chosen) {
        let rule = loser.rule.to_string();
        let why = loser.verdict.to_string();
        table.push([
            rule.into(),
            host(loser).into(),
            condition(loser).into(),
            why.into(),
        ]);
    }
    page.text(&table.render(usize::MAX));
}

fn host(candidate: &Candidate) -> String {
    name_or_any(candidate.hostname.as_ref())
}

fn name_or_any(name: Option<&Hostname>) -> String {
    name.map_or("any".to_owned(), |name| name.as_str().to_owned())
}

/// The match as the IR has it.
fn condition(candidate: &Candidate) -> String {
    candidate.matches.to_string()
}
