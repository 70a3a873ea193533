//! The compiled table: which rule takes a request.
//!
//! Compiled from an [`Ir`], then only read: a lookup takes the socket's listener with the most
//! specific host name, that listener's hosts from the most specific to the least, and the first
//! route that matches in the order of the IR. No lookup allocates, and its cost grows with the
//! length of the host and path, not with the number of hosts and routes. Regular expressions are matched
//! in one pass; of many routes that share one path, those are tried that want an exact value which the
//! request has.
//!
//! Nothing here does I/O: the table can be used without the proxy.

mod check;
mod compile;
mod conditions;
mod explain;
mod explain_stream;
mod explain_text;
mod hosts;
mod listener;
mod regexes;
mod request;
mod routes;
mod rule;
mod shares;
mod socket;
mod stream;

#[cfg(test)]
mod tests;

#[cfg(feature = "proxy")]
use crate::admit::{Admit, Stages};
#[cfg(feature = "proxy")]
use crate::stage::Levels;

pub use check::Mismatch;
#[cfg(feature = "templates")]
pub(crate) use check::takes;
pub use explain::{Candidate, Explanation, ListenerOutcome, Verdict};
pub use explain_stream::{StreamCandidate, StreamExplanation};
pub use listener::Listener;
pub use request::{Head, HeaderFields, host_of};
pub use rule::{Action, CompiledRule, Destination, Split, Target};
pub(crate) use rule::{Attempts, Besides};
pub use socket::{Hit, Miss, SocketKey, SocketTable};
pub(crate) use stream::Chosen;
pub use stream::StreamRoute;

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_resolve::ir::{self, Ir};
use hashbrown::HashMap;

pub(crate) use self::compile::{Backends, Fittings};
use self::compile::{BesidesOf, Compiler};

/// Everything that is served, by socket. `B` is what stands for a backend: a handle that is cheap to
/// clone for a proxy, `()` where only the choice of a rule matters.
#[derive(Debug, Clone)]
pub struct Table<B> {
    /// In the order of the IR, which is that of their ids.
    listeners: Arc<[Arc<Listener<B>>]>,
    sockets: BTreeMap<SocketKey, Arc<SocketTable<B>>>,
}

impl<B> Default for Table<B> {
    /// A table that serves nothing.
    fn default() -> Self {
        Self {
            listeners: Arc::new([]),
            sockets: BTreeMap::new(),
        }
    }
}

impl<B: Clone> Table<B> {
    /// Compiles `ir`. Each of its backends is handed to `backend` once.
    ///
    /// The routes of a host are tried in the order that they are in, which
    /// [`VirtualHost::new`](ir::VirtualHost::new) makes the order of precedence. Rules get no stages and no sessions,
    /// which only a [`Forwarder`](crate::Forwarder) has: see [`is_unguarded`](CompiledRule::is_unguarded).
    pub fn compile(ir: &Ir, backend: impl FnMut(&Arc<ir::Backend>) -> B) -> Self {
        Self::compile_with(ir, backend, &|levels| levels.besides())
    }

    /// The same, with [stages](crate::admit) of an embedder's own for each rule: requests pass them by
    /// [`Planner::admit`](crate::plan::Planner::admit).
    #[cfg(feature = "proxy")]
    pub fn compile_admitting(
        ir: &Ir,
        backend: impl FnMut(&Arc<ir::Backend>) -> B,
        stages: impl Fn(&Arc<ir::Rule>) -> Vec<Box<dyn Admit>>,
    ) -> Self {
        Self::compile_with(ir, backend, &|levels: &Levels<'_>| Besides {
            stages: Stages::new(stages(levels.rule)),
            ..levels.besides()
        })
    }

    fn compile_with(
        ir: &Ir,
        mut backend: impl FnMut(&Arc<ir::Backend>) -> B,
        besides: &BesidesOf<'_>,
    ) -> Self {
        let backends = ir.backends().iter();
        let backends: HashMap<_, _> = backends.map(|(id, b)| (id, backend(b))).collect();
        let backends = Backends::new(|id| backends.get(id).cloned());
        Self::default().next(ir, &Fittings::new(besides), &backends)
    }

    /// What [`compile`](Self::compile) makes of `ir`, with these fittings. Of this table, which has got its own alike, that stays which is the same `Arc` in the IR and leads to the same backends: listeners,
    /// hosts and rules.
    pub(crate) fn next(
        &self,
        ir: &Ir,
        fittings: &Fittings<'_>,
        backends: &Backends<'_, B>,
    ) -> Self {
        let mut compiler = Compiler::new(fittings, backends);
        let listeners = ir.listeners().iter().enumerate();
        let compile = |(at, listener)| compiler.listener(listener, self.listener(at, listener));
        let listeners: Arc<[_]> = listeners.map(compile).collect();
        let mut sockets = BTreeMap::<_, Vec<_>>::new();
        for listener in &*listeners {
            for key in SocketKey::of(listener.ir()) {
                sockets.entry(key).or_default().push(Arc::clone(listener));
            }
        }
        let sockets = sockets.into_iter();
        Self {
            sockets: sockets
                .map(|(key, all)| (key, self.shared(key, all)))
                .collect(),
            listeners,
        }
    }

    /// A listener, if it is known under its id; `at` is where it may be.
    fn listener(&self, at: usize, listener: &Arc<ir::Listener>) -> Option<&Arc<Listener<B>>> {
        let is_same = |known: &&Arc<Listener<B>>| Arc::ptr_eq(known.ir(), listener);
        self.listeners.get(at).filter(is_same).or_else(|| {
            let found = self
                .listeners
                .binary_search_by(|known| known.ir().id.cmp(&listener.id));
            self.listeners.get(found.ok()?)
        })
    }

    /// A socket with these listeners: the known one, if it has the same.
    fn shared(&self, key: SocketKey, listeners: Vec<Arc<Listener<B>>>) -> Arc<SocketTable<B>> {
        let known = self.sockets.get(&key).filter(|known| known.has(&listeners));
        match known {
            Some(known) => Arc::clone(known),
            None => Arc::new(SocketTable::new(key, listeners)),
        }
    }
}

impl<B> Table<B> {
    /// The sockets that listeners ask for, in order.
    pub fn sockets(&self) -> impl Iterator<Item = (&SocketKey, &Arc<SocketTable<B>>)> {
        self.sockets.iter()
    }

    /// The listeners behind one socket.
    pub fn socket(&self, key: &SocketKey) -> Option<&Arc<SocketTable<B>>> {
        self.sockets.get(key)
    }
}
