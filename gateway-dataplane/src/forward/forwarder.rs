//! The proxy without its sockets.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use gateway_resolve::ir::{self, BackendId, DataPlane, Ir, ListenerId, Stack};
use http::{Request, Response, StatusCode};

use super::headers::Forwarding;
use super::known::{Given, Known};
use super::mirror::Mirrors;
use super::{ConnectionInfo, Current, Tables, View, answer, forward};
use crate::admit::{Admit, Gatekeeper, Stages};
use crate::backend::{MakeBackend, Site};
use crate::head::{AmbiguousPaths, RequestHead};
use crate::log::Couriers;
use crate::observe::{Audience, Observed, Observer, Reason};
use crate::plan::Planner;
use crate::server::Terminations;
use crate::session::SessionKey;
use crate::stage::Buckets;
use crate::table::{Miss, SocketKey, SocketTable, Table};
use crate::{Body, Limits};

/// Answers requests by an IR, on connections that somebody else serves.
///
/// For an application's own HTTP server; [`Proxy`](crate::Proxy) is one with sockets. Copies of
/// requests and tunnels are run as tasks of the current tokio runtime.
pub struct Forwarder<M: MakeBackend> {
    make: M,
    gatekeeper: Gatekeeper,
    buckets: Buckets,
    couriers: Couriers,
    options: Options,
    workers: usize,
    zone: Option<Box<str>>,
    tables: Arc<ArcSwap<Tables<M::Backend>>>,
    known: Mutex<Known<M::Backend>>,
}

/// What holds for all requests.
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) planner: Planner,
    pub(crate) session_key: SessionKey,
    pub(crate) mirrors: Arc<Mirrors>,
    pub(crate) audience: Audience,
    /// What all requests pass before they are routed.
    pub(crate) receiving: Option<Arc<Stages>>,
}

/// A table that was compiled and is not served yet; no other is made meanwhile.
pub(crate) struct Prepared<'f, B> {
    tables: Tables<B>,
    known: MutexGuard<'f, Known<B>>,
}

impl<B> Prepared<'_, B> {
    pub(crate) fn table(&self) -> &Table<Arc<B>> {
        self.known.table()
    }
}

impl<M: MakeBackend> Forwarder<M> {
    /// A forwarder that knows no route yet and answers 404, for one worker.
    pub fn new(make: M, limits: Limits, forwarding: Forwarding) -> Self {
        Self::with_workers(make, 1, limits, forwarding)
    }

    /// The same for so many workers: the threads that [`ConnectionInfo::worker`] tells apart. Backends
    /// [are told](Site::workers).
    pub fn with_workers(
        make: M,
        workers: usize,
        mut limits: Limits,
        forwarding: Forwarding,
    ) -> Self {
        let workers = workers.max(1);
        limits.header_bytes = limits.header_bytes.max(LEAST_HEADER_BYTES);
        let tables = Tables::new(workers, &Table::default(), |_| Terminations::default());
        Self {
            make,
            gatekeeper: Gatekeeper::default(),
            buckets: Buckets::default(),
            couriers: Couriers::default(),
            options: Options {
                planner: Planner::new(forwarding).own_hops(limits.own_hops),
                limits,
                session_key: SessionKey::default(),
                mirrors: Arc::default(),
                audience: Audience::default(),
                receiving: None,
            },
            workers,
            zone: None,
            tables: Arc::new(ArcSwap::from_pointee(tables)),
            known: Mutex::default(),
        }
    }

    /// What is done with requests whose path can be read in more than one way.
    #[must_use]
    pub fn ambiguous_paths(mut self, ambiguous_paths: AmbiguousPaths) -> Self {
        self.options.planner.ambiguous_paths = ambiguous_paths;
        self
    }

    /// What the tokens of [sessions](SessionKey) are hashed with.
    #[must_use]
    pub fn session_key(mut self, key: SessionKey) -> Self {
        self.options.session_key = key;
        self
    }

    /// The zone that it runs in, for those who choose endpoints.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// The same, with somebody who is told what became of each request.
    #[must_use]
    pub fn observed_by(self, observer: impl Observer) -> Self {
        self.with_audience(Audience::of(observer))
    }

    /// Which [stages](crate::admit) the requests of each rule pass before a backend is picked; asked when a table is
    /// compiled.
    #[must_use]
    pub fn admitted_by(
        self,
        stages: impl Fn(&Arc<ir::Rule>) -> Vec<Box<dyn Admit>> + Send + Sync + 'static,
    ) -> Self {
        self.with_gatekeeper(Gatekeeper::new(stages))
    }

    /// Which [stages](crate::admit) all requests pass before they are routed, in order.
    #[must_use]
    pub fn received_by(self, stages: Vec<Box<dyn Admit>>) -> Self {
        self.with_receiving(Stages::new(stages).map(Arc::new))
    }

    pub(crate) fn with_receiving(mut self, stages: Option<Arc<Stages>>) -> Self {
        self.options.receiving = stages;
        self
    }

    pub(crate) fn with_gatekeeper(mut self, gatekeeper: Gatekeeper) -> Self {
        self.gatekeeper = gatekeeper;
        // No table of before is good any more.
        self.known = Mutex::default();
        self
    }

    pub(crate) fn with_audience(mut self, audience: Audience) -> Self {
        self.options.audience = audience;
        self
    }

    /// Serves `ir` from now on. Requests that are under way finish by the table that they started
    /// with; backends that did not change are kept.
    pub fn apply(&self, ir: &Ir) {
        let prepared = self.prepare(ir, |_| Terminations::default());
        self.install(prepared);
    }

    /// Answers `request`, which came over `connection`. What its extensions hold reaches the backend on every attempt,
    /// copies for mirrors included. The response has an extension that says [what answered](crate::observe::Answered).
    pub async fn handle(
        &self,
        request: Request<Body>,
        connection: &ConnectionInfo,
    ) -> Response<Body> {
        match self.view(connection.worker, &connection.socket) {
            Some(view) => {
                forward(
                    &self.options,
                    &view.table,
                    connection,
                    request,
                    Observed::begin_told,
                )
                .await
            }
            None => nobody_listens(&self.options, connection, request),
        }
    }

    /// The backends of the IR that was applied last, in order.
    pub fn backends(&self) -> Vec<(BackendId, Arc<M::Backend>)> {
        let known = self.known();
        let backends = known.backends().iter();
        let backends = backends.map(|(id, backend)| (id.clone(), Arc::clone(backend)));
        backends.collect()
    }

    /// The sockets that the current table has listeners for, in order.
    pub fn sockets(&self) -> Vec<SocketKey> {
        self.tables.load().sockets()
    }

    /// How many requests mirrors did not get whole, since they lag too far behind or are too many (`mirror_lag`,
    /// `mirror_lag_of_all` and `mirrors` of [`Limits`]).
    pub fn mirrors_lost(&self) -> u64 {
        self.options.mirrors.copies.lost()
    }

    /// How many entries of access logs were lost, since a server did not take them in time or there were too many
    /// (`log_backlog` and `log_delivery` of [`Limits`]).
    pub fn log_entries_lost(&self) -> u64 {
        self.couriers.lost()
    }

    /// Waits until servers of access logs were told what a worker has for them, or for a while.
    pub(crate) async fn flush_logs(&self, worker: usize) {
        self.couriers.flush(worker).await;
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn view(&self, worker: usize, socket: &SocketKey) -> Option<Arc<View<M::Backend>>> {
        self.tables.load().view(worker, socket).cloned()
    }

    /// The view of a connection, kept up to date.
    pub(crate) fn current(
        &self,
        view: Arc<View<M::Backend>>,
        worker: usize,
        socket: SocketKey,
    ) -> Current<M::Backend> {
        Current::new(Arc::clone(&self.tables), view, worker, socket)
    }

    /// Compiles `ir`.
    pub(crate) fn prepare(
        &self,
        ir: &Ir,
        tls: impl FnMut(&SocketTable<Arc<M::Backend>>) -> Terminations,
    ) -> Prepared<'_, M::Backend> {
        let mut known = self.known();
        let given = Given {
            gatekeeper: &self.gatekeeper,
            options: &self.options,
            buckets: &self.buckets,
            couriers: &self.couriers,
            site: self.site(),
        };
        known.apply(ir, &self.make, &given);
        let tables = Tables::new(self.workers, known.table(), tls);
        Prepared { tables, known }
    }

    fn known(&self) -> MutexGuard<'_, Known<M::Backend>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn site(&self) -> Site<'_> {
        Site {
            workers: self.workers,
            limits: &self.options.limits,
            zone: self.zone.as_deref(),
        }
    }

    /// Serves what was prepared.
    pub(crate) fn install(&self, prepared: Prepared<'_, M::Backend>) {
        let Prepared { tables, known } = prepared;
        self.tables.store(Arc::new(tables));
        drop(known);
    }
}

/// What [`Limits::header_bytes`] is at least.
const LEAST_HEADER_BYTES: usize = 8_192;

/// The table has no such socket.
fn nobody_listens(
    options: &Options,
    connection: &ConnectionInfo,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, _unread) = request.into_parts();
    let head = RequestHead::from(&parts);
    let mut observed = Observed::begin_told(&options.audience, connection, Some(&head));
    let reason = Reason::NoRoute(Miss::NoListener);
    let answer = answer::status(StatusCode::NOT_FOUND, reason);
    observed.answered(answer.head.status, reason);
    observed.attach(answer.into_response(parts.version))
}

impl<M: MakeBackend> DataPlane for Forwarder<M> {
    /// The listeners whose connections are passed on as they come: a forwarder answers requests.
    type Applied = Vec<ListenerId>;

    /// Sockets and TLS are the embedder's: every listener for HTTP counts as served.
    fn apply(&self, ir: &Arc<Ir>) -> Vec<ListenerId> {
        Self::apply(self, ir);
        let is_http = |stack: &Stack| matches!(stack, Stack::Http { .. } | Stack::Https { .. });
        let others = ir.listeners().iter().filter(|l| !is_http(&l.stack));
        others.map(|listener| listener.id.clone()).collect()
    }

    fn unserved(others: &Vec<ListenerId>) -> Vec<(ListenerId, String)> {
        let why = "only HTTP and HTTPS are served";
        let unserved = |id: &ListenerId| (id.clone(), why.to_owned());
        others.iter().map(unserved).collect()
    }
}

impl<M: MakeBackend> fmt::Debug for Forwarder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "forwarder_tests.rs"]
mod tests;
