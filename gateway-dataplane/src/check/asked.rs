//! What becomes of a request.

use std::fmt;
use std::sync::Arc;

use crate::head::RequestHead;
use crate::table::{Explanation, Head, SocketTable, Table};
use gateway_resolve::ir::{Action, Rule, Split, Target, WeightedTarget};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, header};

/// What becomes of a request. Displayed as the explanation of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method and URL.
    request: String,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// It is no request, for this reason.
    Refused(String),
    /// Nobody listens there.
    NoListener(u16),
    /// It came to a socket.
    Explained(Box<Explanation>),
}

impl Asked {
    #[track_caller]
    pub(crate) fn new(table: &Table<()>, mut parts: Parts) -> Self {
        let request = format!("{} {}", parts.method, parts.uri);
        let tls = match parts.uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => panic!(
                "expected an absolute http or https URL, found {}",
                parts.uri
            ),
        };
        let port = parts.uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = parts.uri.host().unwrap_or_default().to_owned();
        let sni = tls.then_some(host.as_str());
        let authority = parts.uri.authority().map_or("", Authority::as_str);
        if let Ok(authority) = HeaderValue::from_str(authority) {
            parts.headers.entry(header::HOST).or_insert(authority);
        }
        let mut head = RequestHead::from(&parts);
        let outcome = match Head::of(&mut head) {
            Err(error) => Outcome::Refused(format!("{}: {error}", error.status().as_u16())),
            Ok(head) => explain(table, (port, tls), &head, sni),
        };
        Self { request, outcome }
    }

    /// The rule that takes it.
    pub fn rule(&self) -> Option<&Arc<Rule>> {
        match &self.outcome {
            Outcome::Explained(explanation) => Some(&explanation.chosen()?.rule),
            Outcome::Refused(_) | Outcome::NoListener(_) => None,
        }
    }

    /// The backends that it is split over.
    pub fn split(&self) -> Option<&Split> {
        match &self.rule()?.action {
            Action::Forward(split) => Some(split),
            Action::Redirect(_) | Action::Respond(_) | Action::Fail(_) => None,
        }
    }

    /// It goes to these backends, by these weights, in any order: `("Service default/carts:80", 9)`.
    ///
    /// # Panics
    /// It goes elsewhere; the message is the explanation.
    #[track_caller]
    pub fn assert_split(&self, want: &[(&str, u32)]) {
        let targets = self.split().map_or(&[][..], Split::targets);
        let mut found: Vec<_> = targets.iter().map(share).collect();
        let mut want: Vec<_> = want
            .iter()
            .map(|(to, weight)| ((*to).to_owned(), *weight))
            .collect();
        found.sort();
        want.sort();
        assert!(
            found == want,
            "expected a split over {want:?}, found {found:?}\n{self}"
        );
    }

    /// This rule takes it: `HTTPRoute default/cart rule 0`.
    ///
    /// # Panics
    /// Another one does, or none; the message is the explanation.
    #[track_caller]
    pub fn assert_rule(&self, want: &str) {
        let found = self.rule().map(ToString::to_string);
        assert!(found.as_deref() == Some(want), "expected {want}\n{self}");
    }

    /// No rule takes it.
    ///
    /// # Panics
    /// One does; the message is the explanation.
    #[track_caller]
    pub fn assert_unrouted(&self) {
        assert!(self.rule().is_none(), "expected no rule\n{self}");
    }
}

/// The backend of a target, or its refusal, and its weight.
fn share(target: &WeightedTarget) -> (String, u32) {
    let to = match &target.target {
        Target::Backend(id) => id.to_string(),
        Target::Refused(refusal) => refusal.to_string(),
    };
    (to, target.weight)
}

/// What the sockets of a port say: the one that has a rule for it, else the first.
fn explain(table: &Table<()>, at: (u16, bool), head: &Head<'_>, sni: Option<&str>) -> Outcome {
    let (port, tls) = at;
    let here = |socket: &&SocketTable<()>| socket.key().port == port && socket.is_tls() == tls;
    let sockets = table.sockets().map(|(_, socket)| &**socket);
    let mut explained = sockets.filter(here).map(|socket| socket.explain(head, sni));
    let Some(first) = explained.next() else {
        return Outcome::NoListener(port);
    };
    let taken = first
        .chosen()
        .is_none()
        .then(|| explained.find(|one| one.chosen().is_some()));
    Outcome::Explained(Box::new(taken.flatten().unwrap_or(first)))
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.request)?;
        match &self.outcome {
            Outcome::Refused(why) => write!(f, "refused with {why}"),
            Outcome::NoListener(port) => write!(f, "no listener is served on port {port}"),
            Outcome::Explained(explanation) => explanation.fmt(f),
        }
    }
}
