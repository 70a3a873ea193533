//! What `gateway explain -o json` prints. Its fields keep their names.

mod names;

use std::collections::BTreeMap;

use gateway_dataplane::filter::{Connection, location, rewrite};
use gateway_dataplane::head::RequestHead;
use gateway_dataplane::table::{
    Candidate, Head, ListenerOutcome, SocketTable, StreamCandidate, StreamExplanation, Verdict,
};
use gateway_resolve::Snapshot;
use gateway_resolve::ir::{Action, Filter, Ir, PathMatch, Rule, Split, StreamAction};
use http::uri::Scheme;
use serde::Serialize;

use self::names::{Listener, Refused, Request, RuleName, RuledOut, TargetShare};
pub(super) use self::names::{Object, RuleLink};
use super::Compiled;
use super::request::{Special, Target};
use super::settings::{self, Setting};

/// What becomes of a request. What there is not is null.
#[derive(Debug, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explained {
    /// `*:8080`, or an address and port.
    socket: Option<String>,
    listener: Option<Listener>,
    /// The virtual host: a name, a wildcard, or null for any.
    host: Option<String>,
    rule: Option<RuleName>,
    /// The routes that delegated to the rule's.
    chain: Vec<RuleLink>,
    action: Ends,
    /// Of an answer that no backend gives.
    status: Option<u16>,
    reason: Option<String>,
    /// Where a redirect leads.
    location: Option<String>,
    body: Option<String>,
    targets: Vec<TargetShare>,
    /// What a backend gets.
    request: Option<Request>,
    settings: BTreeMap<String, Setting>,
    ruled_out: Vec<RuledOut>,
}

/// What a request ends in.
#[derive(Debug, Serialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Ends {
    Forward,
    Redirect,
    Respond,
    #[default]
    Refuse,
}

impl Explained {
    /// What becomes of the request of `target`.
    pub(super) fn new(target: &Target, table: &Compiled<()>, ir: &Ir, snapshot: &Snapshot) -> Self {
        let sockets = table.sockets().map(|(_, socket)| socket);
        let reached = sockets.filter(|socket| target.reaches(socket));
        Self::first(reached.map(|socket| Self::on(target, socket, ir, snapshot)))
    }

    /// The first that is served; else the first, if any.
    pub(super) fn first(mut reached: impl Iterator<Item = Self>) -> Self {
        let first = reached.next();
        let served = |explained: &Self| explained.action != Ends::Refuse;
        match first {
            Some(first) if !served(&first) => reached.find(served).unwrap_or(first),
            Some(first) => first,
            None => Self::refused(None, "NoListener"),
        }
    }

    /// An answer of the gateway's own, whatever the routes say.
    pub(super) fn refused(status: Option<u16>, reason: &str) -> Self {
        Self {
            status,
            reason: Some(reason.to_owned()),
            ..Self::default()
        }
    }

    /// Is it forwarded, redirected or answered, rather than refused?
    pub(super) fn is_served(&self) -> bool {
        let takes = |share: &TargetShare| share.weight > 0 && share.backend.is_some();
        match self.action {
            Ends::Refuse => false,
            Ends::Redirect | Ends::Respond => true,
            Ends::Forward => self.targets.iter().any(takes),
        }
    }

    fn on(target: &Target, socket: &SocketTable<()>, ir: &Ir, snapshot: &Snapshot) -> Self {
        let explained = match target.passed_on(socket) {
            Some(streams) => Self::of_stream(&streams),
            None if socket.is_tls() == target.tls => Self::by_routes(target, socket, ir, snapshot),
            None => Self::refused(None, "OtherProtocol"),
        };
        explained.at(socket)
    }

    /// The same on `socket`.
    pub(super) fn at(self, socket: &SocketTable<()>) -> Self {
        Self {
            socket: Some(socket.key().to_string()),
            ..self
        }
    }

    /// What becomes of a connection or datagram. There is no request, and no status.
    pub(super) fn of_stream(explanation: &StreamExplanation) -> Self {
        let mut explained = match (&explanation.listener, explanation.chosen()) {
            (_, Some(chosen)) => Self::by_stream_rule(chosen),
            (Some(_), None) => Self::refused(None, "NoRoute"),
            (None, None) => Self::refused(None, "NoListener"),
        };
        explained.listener = explanation.listener.as_ref().map(Listener::from);
        let losers = explanation.candidates.iter();
        let losers = losers.filter(|candidate| candidate.verdict != Verdict::Chosen);
        explained.ruled_out = losers.map(RuledOut::from).collect();
        explained
    }

    fn by_stream_rule(chosen: &StreamCandidate) -> Self {
        let explained = match &chosen.rule.action {
            StreamAction::Forward(split) => Self {
                action: Ends::Forward,
                targets: split.targets().iter().map(TargetShare::from).collect(),
                ..Self::default()
            },
            StreamAction::Fail(refusal) => Self::refused(None, &Refused::from(refusal).reason),
        };
        Self {
            host: chosen.hostname.as_ref().map(ToString::to_string),
            rule: Some(RuleName::new(&chosen.rule.source, 0)),
            ..explained
        }
    }

    fn by_routes(target: &Target, socket: &SocketTable<()>, ir: &Ir, snapshot: &Snapshot) -> Self {
        let explanation = socket.explain(&Head::unnormalized(&target.head), target.sni.as_deref());
        let mut explained = match (target.special(socket), explanation.chosen()) {
            (Some(Special::Preflight(rule)), _) => Self {
                action: Ends::Respond,
                rule: Some(RuleName::new(&rule.source, 0)),
                ..Self::refused(Some(200), "Preflight")
            },
            (Some(Special::Ambiguous(_)), _) => Self::refused(Some(400), "AmbiguousPath"),
            (None, Some(chosen)) => Self {
                chain: settings::chain(chosen),
                settings: by_name(settings::settings(chosen, ir, snapshot)),
                ..Self::by_rule(target, chosen, socket.key().port)
            },
            (None, None) => match &explanation.listener {
                ListenerOutcome::Misdirected { .. } => Self::refused(Some(421), "Misdirected"),
                ListenerOutcome::Chosen(_) => Self::refused(Some(404), "NoRoute"),
                ListenerOutcome::NotFound => Self::refused(Some(404), "NoListener"),
            },
        };
        if let ListenerOutcome::Chosen(id) = &explanation.listener {
            explained.listener = Some(id.into());
        }
        let losers = explanation.candidates.iter();
        let losers = losers.filter(|candidate| candidate.verdict != Verdict::Chosen);
        explained.ruled_out = losers.map(RuledOut::from).collect();
        explained
    }

    fn by_rule(target: &Target, chosen: &Candidate, port: u16) -> Self {
        let rule = &*chosen.rule;
        let prefix = match &chosen.matches.path {
            PathMatch::Prefix(prefix) => Some(&**prefix),
            PathMatch::Exact(_) | PathMatch::Method(_) | PathMatch::Regex(_) => None,
        };
        let explained = match &rule.action {
            Action::Forward(split) => Self {
                action: Ends::Forward,
                targets: split.targets().iter().map(TargetShare::from).collect(),
                request: forwarded(target, rule, split, prefix),
                ..Self::default()
            },
            Action::Redirect(redirect) => {
                let scheme = if target.tls {
                    Scheme::HTTPS
                } else {
                    Scheme::HTTP
                };
                let connection = Connection {
                    scheme: &scheme,
                    port,
                };
                let location = location(redirect, &target.head, connection, prefix).ok();
                Self {
                    action: Ends::Redirect,
                    status: Some(redirect.status),
                    location: location.and_then(|to| to.to_str().map(str::to_owned).ok()),
                    ..Self::default()
                }
            }
            Action::Respond(response) => Self {
                action: Ends::Respond,
                status: Some(response.status),
                body: Some(response.body.to_string()),
                ..Self::default()
            },
            Action::Fail(refusal) => {
                let Refused { status, reason } = refusal.into();
                Self::refused(status, &reason)
            }
        };
        Self {
            host: chosen.hostname.as_ref().map(ToString::to_string),
            rule: Some(RuleName::new(&rule.source, chosen.match_index)),
            ..explained
        }
    }
}

fn by_name(settings: Vec<Setting>) -> BTreeMap<String, Setting> {
    let named = |setting: Setting| (setting.name.clone(), setting);
    settings.into_iter().map(named).collect()
}

/// The request as a backend gets it; by which of several is not known, only what the rule does is told.
fn forwarded(target: &Target, rule: &Rule, split: &Split, prefix: Option<&str>) -> Option<Request> {
    let mut head: RequestHead = target.head.clone();
    let of_target = match split.targets() {
        [one] => &*one.filters,
        _ => &[],
    };
    for filter in rule.filters.iter().chain(of_target) {
        if let Filter::Rewrite(change) = filter {
            rewrite(change, &mut head, prefix).ok()?;
        }
    }
    Some(Request {
        method: head.method.to_string(),
        authority: head.host().unwrap_or_default().to_owned(),
        path: head.target().to_owned(),
    })
}
