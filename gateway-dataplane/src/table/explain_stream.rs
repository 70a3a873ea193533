//! Why a connection or a datagram goes where it goes.

use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{self, ListenerId, Stack, StreamRule};

use super::request::with_lower_case;
use super::{Listener, SocketTable, Verdict};

/// What became of a connection or a datagram, and of every rule of layer 4 of its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamExplanation {
    /// The listener that takes it; `None`: none does.
    pub listener: Option<ListenerId>,
    /// Every rule of every listener of the socket, under each of its names.
    pub candidates: Vec<StreamCandidate>,
}

impl StreamExplanation {
    /// The rule that takes it, if any.
    pub fn chosen(&self) -> Option<&StreamCandidate> {
        let chosen = |candidate: &&StreamCandidate| candidate.verdict == Verdict::Chosen;
        self.candidates.iter().find(chosen)
    }
}

/// One rule of the socket, under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCandidate {
    /// The listener that it is attached to.
    pub listener: ListenerId,
    /// The server name that it is found under; `None` takes any.
    pub hostname: Option<Hostname>,
    /// The rule, which says the resource and the position in it.
    pub rule: Arc<StreamRule>,
    /// What became of it.
    pub verdict: Verdict,
}

impl<B> SocketTable<B> {
    /// Explains where a connection goes that asks for the server name `sni`, or a datagram; a server name counts only
    /// where TLS is spoken. `None`: HTTP is spoken on it, so that requests are to be [explained](Self::explain).
    pub fn explain_stream(&self, sni: Option<&str>) -> Option<StreamExplanation> {
        let serves = |listener: &&Listener<B>| is_stream(listener.ir());
        let mut listeners = self.listeners().iter().map(|listener| &**listener);
        let listener = match self.is_tls() {
            true => self.listener_for_sni(sni),
            false => listeners.clone().find(serves),
        };
        let serves_any = listener.map_or_else(|| listeners.any(|l| serves(&l)), |l| serves(&l));
        let position = listener.and_then(|listener| listener.stream_position(sni));
        let candidates = |of: &Arc<Listener<B>>| {
            let is_chosen = listener.is_some_and(|chosen| std::ptr::eq(chosen, &**of));
            let verdict = |at: usize, hostname: Option<&Hostname>| match is_chosen {
                false => Verdict::OtherListener,
                true if position == Some(at) => Verdict::Chosen,
                true if matches(hostname, sni) => Verdict::Outranked,
                true => Verdict::Host,
            };
            let names = names(of.ir()).into_iter().enumerate();
            let candidate =
                |(at, (hostname, rule)): (usize, (Option<Hostname>, _))| StreamCandidate {
                    listener: of.ir().id.clone(),
                    verdict: verdict(at, hostname.as_ref()),
                    hostname,
                    rule,
                };
            names.map(candidate).collect::<Vec<_>>()
        };
        serves_any.then(|| StreamExplanation {
            listener: listener.map(|listener| listener.ir().id.clone()),
            candidates: self.listeners().iter().flat_map(candidates).collect(),
        })
    }
}

fn is_stream(listener: &ir::Listener) -> bool {
    match listener.stack {
        Stack::Http { .. } | Stack::Https { .. } => false,
        Stack::TlsPassthrough { .. } | Stack::TlsTerminate { .. } => true,
        Stack::Tcp { .. } | Stack::Udp { .. } => true,
    }
}

fn matches(hostname: Option<&Hostname>, sni: Option<&str>) -> bool {
    let matches =
        |name: &Hostname| with_lower_case(sni.unwrap_or_default(), |asked| name.matches(asked));
    hostname.is_none_or(matches)
}

/// The rules of a listener under their names, in order.
fn names(listener: &ir::Listener) -> Vec<(Option<Hostname>, Arc<StreamRule>)> {
    match &listener.stack {
        Stack::Http { .. } | Stack::Https { .. } => Vec::new(),
        Stack::TlsPassthrough { names } | Stack::TlsTerminate { names, .. } => {
            let name = |name: &ir::ServerName| (name.hostname.clone(), Arc::clone(&name.rule));
            names.iter().map(name).collect()
        }
        Stack::Tcp { rule } | Stack::Udp { rule } => {
            rule.iter().map(|rule| (None, Arc::clone(rule))).collect()
        }
    }
}
