//! What became of the listeners of an IR.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir::{Ir, ListenerId};

use crate::server::Usable;
use crate::table::SocketKey;

/// What became of the listeners of an IR that was applied.
#[derive(Debug, Default)]
pub struct Applied {
    listeners: Vec<ListenerReport>,
    by_socket: BTreeMap<SocketKey, Vec<usize>>,
}

/// What became of one listener.
#[derive(Debug)]
#[non_exhaustive]
pub struct ListenerReport {
    /// Which listener.
    pub id: ListenerId,
    /// The addresses that it is served on, with the ports that were opened.
    pub bound: Vec<SocketAddr>,
    /// What cannot be served.
    pub problems: Vec<Problem>,
}

/// Why a part of a listener cannot be served.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The socket could not be opened.
    #[error("cannot listen on {address}: {error}{}", hint(error))]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: Arc<io::Error>,
    },
    /// The port is beyond 65535 once the offset was added.
    #[error("port {port} and the port offset add up to more than 65535")]
    Port {
        /// The port that was asked for.
        port: u16,
    },
    /// Another listener asks for the same address explicitly.
    #[error("{address} is taken by the listeners on {other}")]
    Taken {
        /// Where.
        address: SocketAddr,
        /// The socket that has it.
        other: SocketKey,
    },
    /// A certificate cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Certificate(String),
}

impl ListenerReport {
    /// The problems in one line.
    pub fn reasons(&self) -> String {
        let reasons: Vec<_> = self.problems.iter().map(Problem::to_string).collect();
        reasons.join("; ")
    }
}

impl Problem {
    pub(super) fn bind(address: SocketAddr, error: io::Error) -> Self {
        let error = Arc::new(error);
        Self::Bind { address, error }
    }
}

/// What to do next, when that is known.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (low ports need privileges: use a port offset)",
        io::ErrorKind::AddrInUse => " (another process listens there)",
        io::ErrorKind::AddrNotAvailable => " (it is not an address of this machine)",
        _ => "",
    }
}

impl Applied {
    pub(super) fn new(ir: &Ir) -> Self {
        let mut applied = Self::default();
        for (index, listener) in ir.listeners().iter().enumerate() {
            applied.listeners.push(ListenerReport {
                id: listener.id.clone(),
                bound: Vec::new(),
                problems: Vec::new(),
            });
            for key in SocketKey::of(listener) {
                applied.by_socket.entry(key).or_default().push(index);
            }
        }
        applied
    }

    /// The listeners, in the order of the IR.
    pub fn listeners(&self) -> &[ListenerReport] {
        &self.listeners
    }

    /// The listeners without an open socket.
    pub fn unserved(&self) -> impl Iterator<Item = &ListenerReport> {
        let listeners = self.listeners.iter();
        listeners.filter(|report| report.bound.is_empty())
    }

    /// Everything that cannot be served.
    pub fn problems(&self) -> impl Iterator<Item = (&ListenerId, &Problem)> {
        self.listeners.iter().flat_map(|report| {
            let problems = report.problems.iter();
            problems.map(|problem| (&report.id, problem))
        })
    }

    pub(super) fn note_bound(&mut self, key: SocketKey, bound: SocketAddr) {
        self.each(key, |report| report.bound.push(bound));
    }

    pub(super) fn note_unbound(&mut self, key: SocketKey, problem: &Problem) {
        self.each(key, |report| report.problems.push(problem.clone()));
    }

    pub(super) fn note_certificates(&mut self, ir: &Ir, usable: &Usable) {
        for (listener, report) in ir.listeners().iter().zip(&mut self.listeners) {
            let refused = listener.certificates().filter_map(|id| usable.get(id));
            let refused = refused.filter_map(|usable| usable.as_ref().as_ref().err());
            report
                .problems
                .extend(refused.cloned().map(Problem::Certificate));
        }
    }

    fn each(&mut self, key: SocketKey, mut note: impl FnMut(&mut ListenerReport)) {
        for index in self.by_socket.get(&key).into_iter().flatten() {
            note(&mut self.listeners[*index]);
        }
    }
}
