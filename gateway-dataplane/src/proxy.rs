//! The proxy: sockets, workers, and the table that they serve.

mod applied;
mod builder;
mod plan;

pub use applied::{Applied, ListenerReport, Problem};
pub use builder::{Ports, ProxyBuilder};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_resolve::ir::{DataPlane, Ir, ListenerId};

use self::plan::Wanted;
use crate::backend::MakeBackend;
use crate::backend::upstream::Upstreams;
use crate::forward::{Forwarder, Prepared};
use crate::server::{Handle, Listen, Terminated, Terminator, Tls, Usable, listen};
use crate::table::SocketKey;

/// Serves [IRs](Ir), one after the other, without dropping a request in between.
///
/// ```no_run
/// use gateway_dataplane::Proxy;
/// # fn ir() -> std::sync::Arc<gateway_resolve::ir::Ir> { Default::default() }
///
/// let proxy = Proxy::builder().workers(2).start()?;
/// let applied = proxy.apply(&ir());
/// for (listener, problem) in applied.problems() {
///     eprintln!("{listener}: {problem}");
/// }
/// # std::io::Result::Ok(())
/// ```
///
/// Its methods block and are to be called outside of asynchronous code. Dropping it closes
/// everything at once; see [`drain`](Self::drain).
pub struct Proxy<M: MakeBackend = Upstreams> {
    forwarder: Arc<Forwarder<M>>,
    workers: Vec<Handle<M::Backend>>,
    tls: Tls,
    addresses: Vec<IpAddr>,
    ports: Ports,
    alone: bool,
    state: Mutex<State>,
}

/// What was applied last.
#[derive(Default)]
struct State {
    ir: Arc<Ir>,
    certificates: Usable,
    terminated: Terminated,
    /// Open sockets by the address that was asked for.
    sockets: BTreeMap<(SocketKey, SocketAddr), Socket>,
    next_socket: u64,
}

/// An open socket.
struct Socket {
    id: u64,
    bound: SocketAddr,
}

/// A new socket, once for each worker.
type Opened = (u64, SocketKey, Vec<Listen>);

impl Proxy {
    /// A proxy with default settings and the bundled upstreams.
    pub fn builder() -> ProxyBuilder {
        ProxyBuilder::default()
    }
}

impl<M: MakeBackend> DataPlane for Proxy<M> {
    type Applied = Applied;

    fn apply(&self, ir: &Arc<Ir>) -> Applied {
        Self::apply(self, ir)
    }

    fn unserved(applied: &Applied) -> Vec<(ListenerId, String)> {
        let closed = applied.unserved();
        closed
            .map(|report| (report.id.clone(), report.reasons()))
            .collect()
    }
}

impl<M: MakeBackend> Proxy<M> {
    /// Serves `ir` from now on.
    ///
    /// New sockets are opened first, so that no connection is refused that the new IR would serve;
    /// then the table is swapped in one step. Requests that are under way finish by the table that
    /// they started with; listeners that stay keep their sockets and connections, backends that did
    /// not change their pools. Sockets that are no longer asked for stop accepting, and their
    /// connections finish within [`Limits::drain`](crate::Limits::drain). A listener that takes an address over from
    /// another, or moves between an address and all of them, takes over the socket as well: who connects meanwhile
    /// is served.
    ///
    /// What cannot be served (an address that is not this machine's, a certificate that does not
    /// belong to its key) is reported, and leaves the rest alone; it is tried anew by the next call.
    pub fn apply(&self, ir: &Arc<Ir>) -> Applied {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let certificates = self.tls.certificates(ir, &state.ir, &state.certificates);
        let mut terminator = Terminator {
            tls: &self.tls,
            usable: &certificates,
            before: &state.terminated,
            now: Terminated::new(),
        };
        let prepared = self.forwarder.prepare(ir, |socket| terminator.of(socket));
        let terminated = terminator.now;
        let mut applied = Applied::new(ir);
        applied.note_certificates(ir, &certificates);
        let wanted = self.wanted(&prepared, &mut applied);
        let handed_over = hand_over(&mut state, &wanted);
        let opened = self.open(&mut state, &prepared, &wanted, &mut applied);
        self.forwarder.install(prepared);
        self.serve_anew(&handed_over);
        self.accept_from(opened);
        self.close_unwanted(&mut state, &wanted);
        state.ir = Arc::clone(ir);
        state.certificates = certificates;
        state.terminated = terminated;
        applied
    }

    /// Stops accepting connections and lets those that are open finish, for at most `limit`. Those without
    /// a request close after [`Limits::drain_idle`](crate::Limits::drain_idle). Returns the number of
    /// connections that were cut off with a request or tunnel on them.
    ///
    /// May be called again meanwhile, with a shorter limit.
    pub fn drain(&self, limit: Duration) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sockets.clear();
        drop(state);
        let reports: Vec<_> = self
            .workers
            .iter()
            .map(|worker| worker.drain(limit))
            .collect();
        let cut_off = reports.iter();
        let cut_off = cut_off.map(|report| report.recv().unwrap_or(0)).sum();
        crate::log::flush(FLUSH);
        cut_off
    }

    /// The same routes and backends, for a server of one's own.
    pub fn forwarder(&self) -> &Arc<Forwarder<M>> {
        &self.forwarder
    }

    fn wanted(&self, prepared: &Prepared<'_, M::Backend>, applied: &mut Applied) -> Wanted {
        Wanted::of(prepared.table(), &self.addresses, self.ports, applied)
    }

    /// Opens the sockets that are wanted and not there yet.
    fn open(
        &self,
        state: &mut State,
        prepared: &Prepared<'_, M::Backend>,
        wanted: &Wanted,
        applied: &mut Applied,
    ) -> Vec<Opened> {
        let mut opened = Vec::new();
        for (key, address) in wanted.sockets() {
            if let Some(known) = state.sockets.get(&(key, address)) {
                applied.note_bound(key, known.bound);
                continue;
            }
            let ours = state
                .sockets
                .iter()
                .filter(|((other, _), _)| other.transport == key.transport)
                .any(|(_, socket)| socket.bound.port() == address.port());
            let alone = self.alone && !ours;
            let table = prepared.table().socket(&key);
            let options = table.map_or(&[][..], |table| table.options());
            match listen(key.transport, address, self.workers.len(), alone, options) {
                Ok((bound, sockets)) => {
                    let id = state.next_socket;
                    state.next_socket += 1;
                    state.sockets.insert((key, address), Socket { id, bound });
                    applied.note_bound(key, bound);
                    opened.push((id, key, sockets));
                }
                Err(error) => applied.note_unbound(key, &Problem::bind(address, error)),
            }
        }
        opened
    }

    /// Hands each worker its socket.
    fn accept_from(&self, opened: Vec<Opened>) {
        for (id, key, sockets) in opened {
            for (worker, socket) in self.workers.iter().zip(sockets) {
                if let Some(view) = self.forwarder.view(worker.index(), &key) {
                    worker.listen(id, key, socket, view);
                }
            }
        }
    }

    /// Has sockets that were handed over lead to who has them now.
    fn serve_anew(&self, handed_over: &[(u64, SocketKey)]) {
        for (id, key) in handed_over {
            for worker in &self.workers {
                if let Some(view) = self.forwarder.view(worker.index(), key) {
                    worker.serve(*id, *key, view);
                }
            }
        }
    }

    fn close_unwanted(&self, state: &mut State, wanted: &Wanted) {
        let exact: BTreeSet<_> = wanted.sockets().collect();
        state.sockets.retain(|socket_at, socket| {
            let (key, address) = *socket_at;
            let keep = exact.contains(socket_at) || wanted.heir(key, address).is_some();
            let grace = match wanted.splits(key, address) {
                true => HANDSHAKE,
                false => Duration::ZERO,
            };
            if !keep {
                for worker in &self.workers {
                    worker.close(socket.id, grace);
                }
            }
            keep
        });
    }
}

/// Time for the last lines of the logs that listeners ask for.
const FLUSH: Duration = Duration::from_secs(1);

/// Time for handshakes that are under way, after which new connections go to the socket that takes over.
const HANDSHAKE: Duration = Duration::from_secs(1);

/// Gives the sockets that are not wanted any more to their heirs; returns those that lead elsewhere now.
fn hand_over(state: &mut State, wanted: &Wanted) -> Vec<(u64, SocketKey)> {
    let (mut kept, mut handed_over) = (BTreeMap::new(), Vec::new());
    let (mut orphans, exact) = (Vec::new(), wanted.sockets().collect::<BTreeSet<_>>());
    for ((key, address), socket) in std::mem::take(&mut state.sockets) {
        match exact.contains(&(key, address)) {
            true => drop(kept.insert((key, address), socket)),
            false => orphans.push((key, address, socket)),
        }
    }
    for (key, address, socket) in orphans {
        let heir = wanted.heir(key, address).unwrap_or(key);
        if heir != key {
            handed_over.push((socket.id, heir));
        }
        kept.insert((heir, address), socket);
    }
    state.sockets = kept;
    handed_over
}

impl<M: MakeBackend> fmt::Debug for Proxy<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("workers", &self.workers.len())
            .field("addresses", &self.addresses)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
