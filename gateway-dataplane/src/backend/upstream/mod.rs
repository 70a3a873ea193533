//! The bundled [`Backend`]: endpoints with pools, health and balancing.
//!
//! Made of parts that can be replaced one by one: [`Pick`] chooses an endpoint, [`Connect`] opens a
//! stream to it.

mod choose;
mod connect;
mod endpoint;
mod fit;
mod health;
mod http1;
mod http2;
mod lane;
mod lend;
mod pick;

pub use connect::{Connect, TcpConnect};
pub use pick::{Candidates, LeastRequest, Pick, RoundRobin};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gateway_resolve::ir::{self, AppProtocol};
use http::{Request, Response};

use self::choose::Chooser;
use self::endpoint::{Endpoint, Failure, Settings};
use self::health::Ejection;
use self::lane::Keep;
use super::{Attempt, Backend, BackendError, BackendErrorKind, Direct, MakeBackend};
use crate::{Body, Limits};

/// Builds [`Upstream`]s.
#[derive(Debug)]
pub struct Upstreams<P = RoundRobin, C = TcpConnect> {
    pick: Arc<P>,
    connect: Arc<C>,
    settings: Settings,
}

impl Upstreams {
    /// Upstreams for `workers` workers, balanced in turn over plain TCP.
    pub fn new(workers: usize, limits: &Limits) -> Self {
        Self::with(workers, limits, RoundRobin, TcpConnect)
    }
}

impl<P: Pick, C: Connect> Upstreams<P, C> {
    /// Upstreams out of parts.
    pub fn with(workers: usize, limits: &Limits, pick: P, connect: C) -> Self {
        Self {
            pick: Arc::new(pick),
            connect: Arc::new(connect),
            settings: Settings {
                workers: workers.max(1),
                connect: limits.connect,
                expect_continue: limits.expect_continue,
                attempts: limits.connect_attempts.max(1),
                keep: Keep {
                    idle: limits.upstream_idle,
                    connections: limits.upstream_idle_connections,
                },
                ejection: Ejection {
                    after: limits.eject_after.max(1),
                    period: limits.eject_for,
                },
            },
        }
    }
}

impl<P: Pick, C: Connect> MakeBackend for Upstreams<P, C> {
    type Backend = Upstream<P, C>;

    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        previous: Option<&Arc<Upstream<P, C>>>,
    ) -> Arc<Upstream<P, C>> {
        let kept = previous.filter(|previous| previous.spec.protocol == spec.protocol);
        let endpoint = |wanted: &ir::Endpoint| {
            let known = kept.and_then(|kept| kept.endpoints.iter().find(|e| e.is(wanted)));
            known.cloned().unwrap_or_else(|| {
                Arc::new(Endpoint::new(
                    wanted.clone(),
                    &self.settings,
                    Instant::now(),
                ))
            })
        };
        Arc::new(Upstream {
            endpoints: spec.endpoints.iter().map(endpoint).collect(),
            turns: (0..self.settings.workers)
                .map(|worker| Turn(AtomicUsize::new(worker)))
                .collect(),
            spec: Arc::clone(spec),
            pick: Arc::clone(&self.pick),
            connect: Arc::clone(&self.connect),
            settings: self.settings,
        })
    }
}

/// A set of endpoints that answer alike.
pub struct Upstream<P: Pick = RoundRobin, C: Connect = TcpConnect> {
    spec: Arc<ir::Backend>,
    endpoints: Vec<Arc<Endpoint>>,
    turns: Box<[Turn]>,
    pick: Arc<P>,
    connect: Arc<C>,
    settings: Settings,
}

/// The picks of one worker, on a cache line of its own.
#[repr(align(128))]
struct Turn(AtomicUsize);

impl<P: Pick, C: Connect> std::fmt::Debug for Upstream<P, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upstream({})", self.spec.id)
    }
}

impl<P: Pick, C: Connect> Backend for Upstream<P, C> {
    /// Sends `request` to an endpoint, and to another as long as no connection can be made or what may
    /// be sent twice is not answered.
    async fn call(
        &self,
        mut request: Request<Body>,
        attempt: &Attempt,
    ) -> Result<Response<Body>, BackendError> {
        let worker = attempt.worker % self.settings.workers;
        let mut chooser = Chooser::new(&*self.pick, &self.endpoints, worker);
        let mut failed = None;
        // One turn a request: else an endpoint that fails would always be the first to be asked.
        let turn = self.turns[worker].0.fetch_add(1, Ordering::Relaxed);
        for again in 0..self.settings.attempts {
            let Some(index) = chooser.choose(turn.wrapping_add(again)) else {
                break;
            };
            let endpoint = &self.endpoints[index];
            match self.ask(endpoint, worker, request).await {
                Ok(response) => return Ok(response),
                Err(Failure::Elsewhere(again, error)) => {
                    request = *again;
                    failed = Some(error);
                    chooser.exclude(index);
                }
                Err(Failure::Final(error)) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| self.nobody()))
    }

    fn direct(&self) -> Option<Direct<'_>> {
        (self.spec.protocol != AppProtocol::H2c).then_some(Direct(self))
    }
}

impl<P: Pick, C: Connect> Upstream<P, C> {
    async fn ask(
        &self,
        endpoint: &Endpoint,
        worker: usize,
        request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        match self.spec.protocol {
            AppProtocol::H2c => {
                let sent = endpoint.http2(&*self.connect, &self.settings, worker, request);
                Box::pin(sent).await
            }
            _ => {
                endpoint
                    .http1(&*self.connect, &self.settings, worker, request)
                    .await
            }
        }
    }

    fn nobody(&self) -> BackendError {
        let what = format!("{} has no endpoints", self.spec.id);
        BackendError::new(BackendErrorKind::NoEndpoint, what)
    }
}
