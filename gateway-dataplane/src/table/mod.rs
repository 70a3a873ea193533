//! The compiled table: which rule takes a request.
//!
//! Compiled once from an [`Ir`], then only read: a lookup takes the socket's listener with the most
//! specific host name, that listener's hosts from the most specific to the least, and the first
//! route that matches in the order of the IR. No lookup allocates, and its cost grows with the
//! length of the host and path, not with the number of hosts and routes. Only regular expressions,
//! and routes that share one path, are tried one by one.
//!
//! Nothing here does I/O: the table can be used without the proxy.

mod check;
mod explain;
mod explain_stream;
mod hosts;
mod listener;
mod request;
mod routes;
mod rule;
mod shares;
mod socket;
mod stream;

#[cfg(test)]
mod tests;

pub use check::Mismatch;
#[cfg(feature = "templates")]
pub(crate) use check::takes;
pub use explain::{Candidate, Explanation, ListenerOutcome, Verdict};
pub use explain_stream::{StreamCandidate, StreamExplanation};
pub use listener::Listener;
pub use request::{Head, HeaderFields, host_of};
pub(crate) use rule::Besides;
pub use rule::{Action, CompiledRule, Destination, Split, Target};
pub use socket::{Hit, Miss, SocketKey, SocketTable};
pub(crate) use stream::Chosen;
pub use stream::StreamRoute;

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId, Ir};
use hashbrown::HashMap;

use crate::stage::Levels;

/// Everything that is served, by socket. `B` is what stands for a backend: a handle that is cheap to
/// clone for a proxy, `()` where only the choice of a rule matters.
#[derive(Debug, Clone)]
pub struct Table<B> {
    sockets: BTreeMap<SocketKey, Arc<SocketTable<B>>>,
}

impl<B> Default for Table<B> {
    /// A table that serves nothing.
    fn default() -> Self {
        Self {
            sockets: BTreeMap::new(),
        }
    }
}

impl<B: Clone> Table<B> {
    /// Compiles `ir`. Each of its backends is handed to `backend` once.
    ///
    /// The routes of a host are tried in the order that they are in, which
    /// [`VirtualHost::new`](ir::VirtualHost::new) makes the order of precedence.
    pub fn compile(ir: &Ir, backend: impl FnMut(&Arc<ir::Backend>) -> B) -> Self {
        Self::compile_with(ir, &|_| Besides::default(), backend)
    }

    /// The same, with what `besides` gives the rules.
    pub(crate) fn compile_with(
        ir: &Ir,
        besides: &BesidesOf<'_>,
        mut backend: impl FnMut(&Arc<ir::Backend>) -> B,
    ) -> Self {
        let backends = ir.backends();
        let backends = backends.iter().map(|(id, b)| (id, backend(b))).collect();
        let mut compiler = Compiler {
            besides,
            backends,
            rules: HashMap::new(),
        };
        let mut sockets = BTreeMap::<_, Vec<_>>::new();
        for listener in ir.listeners() {
            let compiled = Arc::new(Listener::compile(listener, &mut compiler));
            for key in SocketKey::of(listener) {
                sockets.entry(key).or_default().push(Arc::clone(&compiled));
            }
        }
        let socket = |(key, listeners)| (key, Arc::new(SocketTable::new(key, listeners)));
        Self {
            sockets: sockets.into_iter().map(socket).collect(),
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

/// What a rule has beside its filters and backends.
type BesidesOf<'a> = dyn Fn(&Levels<'_>) -> Besides + 'a;

/// What is shared while a table is compiled.
struct Compiler<'a, B> {
    besides: &'a BesidesOf<'a>,
    backends: HashMap<&'a BackendId, B>,
    /// Rules by their addresses in the IR, which outlives the compiler.
    rules: HashMap<Addresses, Arc<CompiledRule<B>>>,
}

/// A rule, and the host and listener where these have settings of their own: others share what is compiled.
type Addresses = (
    *const ir::Rule,
    Option<*const ir::VirtualHost>,
    Option<*const ir::Listener>,
);

fn addresses(levels: &Levels<'_>) -> Addresses {
    let Levels {
        rule,
        host,
        listener,
    } = *levels;
    let host: Option<&ir::VirtualHost> = (*host.settings != Default::default()).then_some(host);
    let listener: Option<&ir::Listener> =
        (*listener.settings != Default::default()).then_some(listener);
    (
        Arc::as_ptr(rule),
        host.or_else(|| listener.map(|_| levels.host))
            .map(std::ptr::from_ref),
        listener.map(std::ptr::from_ref),
    )
}

impl<B: Clone> Compiler<'_, B> {
    fn stream(&self, rule: Option<&Arc<ir::StreamRule>>) -> StreamRoute<B> {
        StreamRoute::compile(rule, |id| self.backends.get(id).cloned())
    }

    fn rule(&mut self, levels: &Levels<'_>) -> Arc<CompiledRule<B>> {
        let (backends, besides) = (&self.backends, self.besides);
        let compile = || {
            let compiled = CompiledRule::compile(levels.rule, |id| backends.get(id).cloned());
            Arc::new(compiled.with(besides(levels)))
        };
        let compiled = self.rules.entry(addresses(levels));
        Arc::clone(compiled.or_insert_with(compile))
    }
}
