//! The bundled [`Backend`]: endpoints with pools, health and balancing.
//!
//! Made of parts that can be replaced one by one: [`Pick`] chooses an endpoint, [`Connect`] opens a
//! stream to it.

mod choose;
mod connect;
mod datagrams;
mod endpoint;
mod fit;
mod health;
mod http2;
mod lane;
mod lend;
mod load;
mod multiplex;
mod pick;
mod tls;
mod total;

pub use connect::{Connect, TcpConnect};
pub use pick::{Candidates, LeastRequest, Pick, RoundRobin};

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use arc_swap::ArcSwap;
use gateway_resolve::ir::{self, AppProtocol};
use http::{HeaderMap, header};
use http::{Request, Response};

use self::endpoint::{Endpoint, Security, Settings};
use self::health::Ejection;
use self::lane::Keep;
use self::load::{Entered, Held, Load, Most};
use self::tls::{Inside, TlsClient};
use self::total::Total;
use super::{
    Attempt, Backend, BackendError, BackendErrorKind, Datagrams, Direct, Lend, MakeBackend, Noted,
    Payload, Tunnel, http1,
};
use crate::codec::h1::{Allowance, Answered, HeadLimits};
use crate::head::{RequestHead, is_grpc_type};
use crate::{Body, Limits};

/// Builds [`Upstream`]s.
#[derive(Debug)]
pub struct Upstreams<P = RoundRobin, C = TcpConnect> {
    pick: Arc<P>,
    connect: Arc<C>,
    settings: Settings,
    total: Arc<Total>,
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
            total: Arc::new(Total::new(limits.upstream_connections)),
            settings: Settings {
                workers: workers.max(1),
                connect: limits.connect,
                allowed: Allowance {
                    patience: limits.expect_continue,
                    response: limits.response_head,
                    head: HeadLimits {
                        bytes: limits.response_header_bytes.max(8 << 10),
                        fields: limits.response_header_count,
                    },
                },
                most: Most {
                    requests: limits.backend_requests,
                    connections: limits.backend_connections,
                },
                attempts: limits.connect_attempts.max(1),
                keep: Keep {
                    idle: limits.upstream_idle,
                    connections: limits.upstream_idle_connections,
                },
                connect_patience: limits.connect_patience,
                http2: limits.into(),
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

    fn workers(&self) -> Option<usize> {
        Some(self.settings.workers)
    }

    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        previous: Option<&Arc<Upstream<P, C>>>,
    ) -> Arc<Upstream<P, C>> {
        let load = previous.map(|previous| Arc::clone(&previous.load));
        let new = || Arc::new(Load::new(Arc::clone(&self.total)));
        let load = load.unwrap_or_else(new);
        let kept = previous.filter(|previous| {
            previous.spec.protocol == spec.protocol && previous.spec.tls == spec.tls
        });
        let tls = kept.map(|kept| Arc::clone(&kept.tls));
        let known = kept.map(|kept| kept.endpoints());
        let endpoints = self.endpoints(spec, known.as_deref(), &load);
        Arc::new(Upstream {
            slots: (0..self.settings.workers)
                .map(|worker| Slot::new(worker, endpoints.clone()))
                .collect(),
            tls: tls.unwrap_or_else(|| Arc::new(security(spec))),
            spec: Arc::clone(spec),
            load,
            pick: Arc::clone(&self.pick),
            connect: Arc::clone(&self.connect),
            settings: self.settings,
        })
    }

    fn update(&self, backend: &Arc<Upstream<P, C>>, spec: &Arc<ir::Backend>) -> bool {
        let (old, new) = (&backend.spec, spec);
        if (old.protocol, &old.tls) != (new.protocol, &new.tls) {
            return false;
        }
        let endpoints = self.endpoints(spec, Some(&backend.endpoints()), &backend.load);
        for slot in &backend.slots {
            slot.endpoints.store(Arc::new(endpoints.clone()));
        }
        true
    }
}

impl<P: Pick, C: Connect> Upstreams<P, C> {
    /// The endpoints of `spec`, among which those that are known stay as they are.
    fn endpoints(
        &self,
        spec: &ir::Backend,
        known: Option<&Endpoints>,
        load: &Arc<Load>,
    ) -> Endpoints {
        let (settings, now) = (&self.settings, Instant::now());
        let endpoint = |wanted: &ir::Endpoint| {
            let known = known.and_then(|known| known.iter().find(|e| e.is(wanted)));
            let new = || Arc::new(Endpoint::new(wanted.clone(), settings, load, now));
            known.cloned().unwrap_or_else(new)
        };
        spec.endpoints.iter().map(endpoint).collect()
    }
}

fn security(spec: &ir::Backend) -> Security {
    let tls = spec.tls.as_ref()?;
    Some(TlsClient::new(tls, spec.protocol))
}

/// A set of endpoints that answer alike.
pub struct Upstream<P: Pick = RoundRobin, C: Connect = TcpConnect> {
    spec: Arc<ir::Backend>,
    load: Arc<Load>,
    tls: Arc<Security>,
    slots: Box<[Slot]>,
    pick: Arc<P>,
    connect: Arc<C>,
    settings: Settings,
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| is_grpc_type(kind.as_bytes()))
}

/// Endpoints that answer alike.
pub(crate) type Endpoints = Vec<Arc<Endpoint>>;

/// The endpoints as one worker sees them, which it counts its own references to, and its picks among them; on a
/// cache line of its own.
#[repr(align(128))]
struct Slot {
    turn: AtomicUsize,
    endpoints: ArcSwap<Endpoints>,
}

impl Slot {
    fn new(worker: usize, endpoints: Endpoints) -> Self {
        Self {
            turn: AtomicUsize::new(worker),
            endpoints: ArcSwap::from_pointee(endpoints),
        }
    }
}

impl<P: Pick, C: Connect> std::fmt::Debug for Upstream<P, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upstream({})", self.spec.id)
    }
}

/// What a backend has open now, over all its endpoints and workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Requests.
    pub requests: usize,
    /// Connections, idle ones included.
    pub connections: usize,
}

impl<P: Pick, C: Connect> Upstream<P, C> {
    /// What it has open now.
    pub fn usage(&self) -> Usage {
        self.load.usage()
    }
}

impl<P: Pick, C: Connect> Backend for Upstream<P, C> {
    /// Sends `request` to an endpoint, and to another as long as no connection can be made or what may
    /// be sent twice is not answered.
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let over_http2 = match self.spec.protocol {
            AppProtocol::H2c => true,
            AppProtocol::Http => is_grpc(request.headers()),
            _ => false,
        };
        match over_http2 {
            true => Box::pin(self.call_http2(request, attempt)).await,
            false => self.call_http1(request, attempt).await,
        }
    }

    /// Opens a connection to the first endpoint that can be reached, of as many as are tried for a
    /// request. It is never one of the pool's, nor goes there.
    async fn open(&self, payload: Payload, worker: usize) -> Result<Tunnel, BackendError> {
        let mut course = self.begin(worker);
        let held = self.hold()?;
        while let Some(index) = self.choose(&mut course) {
            let endpoint = Arc::clone(&course.endpoints[index]);
            let limit = self.settings.connect;
            let around = match payload {
                Payload::Clear => &self.tls,
                Payload::Tls => &None,
            };
            let opened = endpoint.open(&*self.connect, around, Inside::Bytes);
            match endpoint.in_time(limit, opened).await {
                Ok(stream) => {
                    endpoint.health.succeeded();
                    return Ok(Tunnel::new(held.with(stream)));
                }
                Err(error) => {
                    endpoint.failed(&self.settings, &error);
                    if error.kind() == BackendErrorKind::Local {
                        return Err(error);
                    }
                    course.exclude(error);
                }
            }
        }
        Err(course.failed.unwrap_or_else(|| self.nobody()))
    }

    /// To the first endpoint that there is a way to; whether it is there shows when it is sent something.
    fn datagrams(&self, worker: usize) -> Result<Datagrams, BackendError> {
        self.datagrams_of(worker)
    }

    fn reaches(&self, endpoint: SocketAddr) -> bool {
        let endpoints = self.endpoints();
        endpoints.iter().any(|e| e.address() == endpoint)
    }

    fn find(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        let endpoints = self.endpoints();
        let mut addresses = endpoints.iter().map(|endpoint| endpoint.address());
        addresses.find(|address| wanted(*address))
    }

    fn direct(&self) -> Option<Direct<'_>> {
        (self.spec.protocol != AppProtocol::H2c).then_some(Direct(self))
    }
}

impl<P: Pick, C: Connect> Upstream<P, C> {
    async fn call_http1(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let (mut parts, body) = request.into_parts();
        let informer = parts.extensions.remove();
        let mut head = RequestHead::from(&parts);
        drop(parts);
        let mut noted = Noted::new(self, attempt);
        let (head, answered) =
            http1::exchange(self, &mut noted.course, &mut head, body, informer.as_ref()).await?;
        let respond = |body| Response::from_parts(head.to_parts(), body);
        Ok(match answered {
            Answered::Body(body) => respond(body),
            Answered::Switched(tunnel) => respond(tunnel.into()),
        })
    }

    fn endpoints(&self) -> Arc<Endpoints> {
        self.slots[0].endpoints.load_full()
    }

    /// Counts a request.
    fn enter(&self) -> Result<Entered<'_>, BackendError> {
        let entered = self.load.enter(self.settings.most);
        entered.ok_or_else(|| self.load.full(&self.spec.id, "requests"))
    }

    /// Counts a connection, for which an idle one is closed if there are too many.
    fn hold(&self) -> Result<Held, BackendError> {
        let hold = || self.load.hold(self.settings.most);
        let endpoints = self.slots[0].endpoints.load();
        let mut lanes = endpoints.iter().flat_map(|endpoint| endpoint.lanes());
        let held = hold().or_else(|| lanes.find(|lane| lane.close_one()).and_then(|_| hold()));
        held.ok_or_else(|| self.load.full(&self.spec.id, "connections"))
    }

    fn nobody(&self) -> BackendError {
        let what = format!("{} has no endpoints", self.spec.id);
        BackendError::new(BackendErrorKind::NoEndpoint, what)
    }
}
