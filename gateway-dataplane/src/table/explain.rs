//! Why a request goes where it goes.

use std::sync::Arc;

use gateway_model::{HeaderName, Hostname};
use gateway_resolve::ir::{ListenerId, Match, Route, Rule, VirtualHost};

use super::check::check;
use super::request::with_lower_case;
use super::{Head, Hit, Listener, Mismatch, Miss, SocketTable};

/// What became of a request, and of every route of its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The listener that looks at the request.
    pub listener: ListenerOutcome,
    /// Every route of every listener of the socket, in the order in which they are tried: by listener,
    /// host and rank.
    pub candidates: Vec<Candidate>,
}

impl Explanation {
    /// The route that takes the request, if any.
    pub fn chosen(&self) -> Option<&Candidate> {
        let chosen = |candidate: &&Candidate| candidate.verdict == Verdict::Chosen;
        self.candidates.iter().find(chosen)
    }
}

/// Which listener looks at a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenerOutcome {
    /// This one.
    Chosen(ListenerId),
    /// None: 421, because the connection was made to one listener while another is the better match.
    Misdirected {
        /// The listener that the server name of the connection leads to.
        connected: Option<ListenerId>,
        /// The better match.
        better: ListenerId,
    },
    /// None: 404, because none takes the host.
    NotFound,
}

/// One route of the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The listener that it is attached to.
    pub listener: ListenerId,
    /// The host that it is found under; `None` takes any.
    pub hostname: Option<Hostname>,
    /// Its rule, which says the resource and the position in it.
    pub rule: Arc<Rule>,
    /// The position of the match in the rule.
    pub match_index: usize,
    /// The match.
    pub matches: Match,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a route: the first thing that ruled it out, unless nothing did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It takes the request.
    Chosen,
    /// It matches, but another one goes first.
    Outranked,
    /// Its listener is not the one that looks at the request.
    OtherListener,
    /// Its host does not match.
    Host,
    /// Its path does not match.
    Path,
    /// Its method does not match.
    Method,
    /// This header is missing or does not match.
    Header(HeaderName),
    /// This query parameter is missing or does not match.
    Query(Box<str>),
}

impl From<Mismatch<'_>> for Verdict {
    fn from(mismatch: Mismatch<'_>) -> Self {
        match mismatch {
            Mismatch::Path => Self::Path,
            Mismatch::Method => Self::Method,
            Mismatch::Header(name) => Self::Header(name.clone()),
            Mismatch::Query(name) => Self::Query(name.into()),
        }
    }
}

impl<B> SocketTable<B> {
    /// Explains what [`find`](Self::find) answers.
    pub fn explain(&self, head: &Head<'_>, sni: Option<&str>) -> Explanation {
        with_lower_case(head.host, |host| {
            let listener = self.listener_for_request(host, sni);
            let hit = listener.ok().and_then(|listener| listener.find(host, head));
            let judge = Judge {
                head,
                host,
                listener: listener.ok(),
                hit,
            };
            Explanation {
                listener: self.outcome(listener, host, sni),
                candidates: self.listeners().iter().flat_map(|l| judge.all(l)).collect(),
            }
        })
    }

    fn outcome(
        &self,
        listener: Result<&Listener<B>, Miss>,
        host: &str,
        sni: Option<&str>,
    ) -> ListenerOutcome {
        let id = |listener: &Listener<B>| listener.ir().id.clone();
        match (listener, self.listener_for(host)) {
            (Ok(listener), _) => ListenerOutcome::Chosen(id(listener)),
            (Err(Miss::Misdirected), Some(better)) => ListenerOutcome::Misdirected {
                connected: self.listener_for_sni(sni).map(id),
                better: id(better),
            },
            (Err(_), _) => ListenerOutcome::NotFound,
        }
    }
}

/// Passes verdicts on the routes that a request might have got.
struct Judge<'a, B> {
    head: &'a Head<'a>,
    /// The host of the request, lower case.
    host: &'a str,
    listener: Option<&'a Listener<B>>,
    hit: Option<Hit<'a, B>>,
}

impl<B> Judge<'_, B> {
    fn all(&self, listener: &Listener<B>) -> Vec<Candidate> {
        let hosts = listener.ir().hosts().iter();
        let routes = hosts.flat_map(|host| host.routes.iter().map(move |route| (host, route)));
        let candidate = |(host, route): (&Arc<VirtualHost>, &Route)| Candidate {
            listener: listener.ir().id.clone(),
            hostname: host.hostname.clone(),
            rule: Arc::clone(&route.rule),
            match_index: route.match_index,
            matches: route.matches.clone(),
            verdict: self.verdict(listener, host, route),
        };
        routes.map(candidate).collect()
    }

    fn verdict(&self, listener: &Listener<B>, host: &VirtualHost, route: &Route) -> Verdict {
        let looks = self.listener.is_some_and(|l| std::ptr::eq(l, listener));
        let host_matches = |name: &Hostname| name.matches(self.host);
        if !looks {
            return Verdict::OtherListener;
        }
        if !host.hostname.as_ref().is_none_or(host_matches) {
            return Verdict::Host;
        }
        match (check(&route.matches, self.head), self.hit) {
            (Err(mismatch), _) => mismatch.into(),
            (Ok(()), Some(hit)) if std::ptr::eq(hit.route, route) => Verdict::Chosen,
            (Ok(()), _) => Verdict::Outranked,
        }
    }
}
