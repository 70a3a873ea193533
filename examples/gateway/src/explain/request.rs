//! What becomes of a request.

use std::net::IpAddr;
use std::sync::Arc;

use gateway_dataplane::filter::Cors;
use gateway_dataplane::head::{self, HeadRules, RequestHead};
use gateway_dataplane::table::{
    Candidate, Explanation, Head, ListenerOutcome, SocketTable, StreamExplanation,
    Table as Compiled, Verdict,
};
use gateway_resolve::ir::{Ir, Rule};
use gateway_resolve::{Resolution, Snapshot};
use http::{HeaderValue, Method, Request, Uri, header};

use super::json::Explained;
use super::{name_or_any, none, settings, stream, unserved};
use crate::answer::{self, Answer};
use crate::cli::ExplainArguments;
use crate::error::Error;
use crate::output::Page;
use crate::table::{BAD, GOOD, Table};
/// A request, and what its connection knows.
pub(super) struct Target {
    pub(super) head: RequestHead,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// The host as an address, which then decides the socket.
    address: Option<IpAddr>,
    /// The server name of the connection.
    pub(super) sni: Option<String>,
}

impl Target {
    pub(super) fn new(url: &Uri, arguments: &ExplainArguments) -> Result<Self, Error> {
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
    pub(super) fn explain(
        mut self,
        page: &mut Page,
        resolution: &Resolution,
        snapshot: &Snapshot,
    ) -> bool {
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
    pub(super) fn explain_as_json(
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

    pub(super) fn reaches(&self, socket: &SocketTable<()>) -> bool {
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

/// What is answered whatever the rule that is found would.
pub(super) enum Special {
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
    pub(super) fn passed_on(&self, socket: &SocketTable<()>) -> Option<StreamExplanation> {
        let fits = self.tls || !socket.is_tls();
        fits.then(|| socket.explain_stream(self.sni.as_deref()))?
    }

    pub(super) fn special(&self, socket: &SocketTable<()>) -> Option<Special> {
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

/// The match as the IR has it.
fn condition(candidate: &Candidate) -> String {
    candidate.matches.to_string()
}
