//! The bundled [`Backend`]: endpoints with pools, health and balancing.
//!
//! Made of parts that can be replaced one by one: [`Pick`] chooses an endpoint, [`Connect`] opens a
//! stream to it.

mod budget;
mod checks;
mod choose;
mod connect;
mod datagrams;
mod endpoint;
mod endpoints;
mod fit;
mod health;
mod http2;
mod lane;
mod lend;
mod load;
mod make;
mod multiplex;
mod names;
mod outliers;
mod pick;
mod proxy_header;
mod ring;
mod settings;
mod tls;
mod total;
mod tunnel;
mod way;

pub use connect::{Connect, ConnectTarget, TcpConnect};
pub(crate) use endpoints::Endpoints;
pub use make::Upstreams;
#[cfg(feature = "dns")]
pub use names::Dns;
pub use names::{Answer, LookingUp, Lookup};
pub use pick::{Candidates, Choice, LeastRequest, Pick, Random, RoundRobin};
pub(crate) use proxy_header::Ends;
pub use ring::{Maglev, Ring};

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gateway_resolve::ir::{self, AppProtocol};
use http::{HeaderMap, header};
use http::{Request, Response, Version};

use self::budget::RetryBudget;
use self::checks::{Checks, Watch};
use self::load::{Counting, Entered, Held, Load};
use self::names::{Looking, Pending, Roll};
use self::settings::Settings;
use self::tls::Secured;
use self::way::Way;
use super::lambda::{Lambda, Uncalled};
use super::{
    Attempt, Backend, BackendError, BackendErrorKind, Datagrams, Direct, Lend, Noted, Payload,
    Tunnel, http1,
};
use crate::Body;
use crate::codec::h1::Answered;
use crate::head::{RequestHead, is_grpc_type};

/// A set of endpoints that answer alike.
pub struct Upstream<C: Connect = TcpConnect> {
    spec: Arc<ir::Backend>,
    load: Arc<Load>,
    way: Arc<Way<C>>,
    slots: Box<[Slot]>,
    pick: Arc<dyn Pick>,
    /// The zone of the gateway.
    zone: Option<Box<str>>,
    budget: Option<Arc<RetryBudget>>,
    settings: Settings,
    roll: Mutex<Roll>,
    pending: Pending,
    looking: Arc<Looking>,
    checks: Checks,
    lambda: Option<Lambda>,
}

/// What comes of a request that has a limit; that of the response's body counts as well.
async fn in_time(
    limit: Duration,
    sending: impl Future<Output = Result<Response<Body>, BackendError>>,
) -> Result<Response<Body>, BackendError> {
    let end = tokio::time::Instant::now() + limit;
    let sent = tokio::time::timeout_at(end, sending).await;
    let response = sent.unwrap_or_else(|_elapsed| Err(BackendError::late(limit)))?;
    Ok(response.map(|body| body.cut_at(end, limit)))
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| is_grpc_type(kind.as_bytes()))
}

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

impl<C: Connect> std::fmt::Debug for Upstream<C> {
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

impl<C: Connect> Upstream<C> {
    /// What it has open now.
    pub fn usage(&self) -> Usage {
        self.load.usage()
    }
}

impl<C: Connect> Backend for Upstream<C> {
    /// Sends `request` to an endpoint, and to another as long as no connection can be made or what may
    /// be sent twice is not answered.
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let _counted = match attempt.number {
            0 => None,
            _ => Some(self.try_again()?),
        };
        self.names_known().await;
        match self.settings.exchange {
            None => self.send(request, attempt).await,
            Some(limit) => in_time(limit, Box::pin(self.send(request, attempt))).await,
        }
    }

    /// Opens a connection to the first endpoint that can be reached, of as many as are tried for a
    /// request. It is never one of the pool's, nor goes there.
    async fn open(&self, payload: Payload, worker: usize) -> Result<Tunnel, BackendError> {
        self.names_known().await;
        let mut course = self.begin(worker);
        let held = self.hold()?;
        while let Some(index) = self.choose(&mut course) {
            let endpoint = Arc::clone(&course.endpoints[index]);
            let limit = self.settings.connect;
            let opened = self.way.tunnel(&endpoint, payload);
            match way::in_time(&endpoint, limit, opened).await {
                Ok(stream) => {
                    endpoint.health.succeeded(self.settings.probation);
                    let tunnel = match stream {
                        Secured::Clear(stream) => Tunnel::new(stream),
                        Secured::Tls(stream) => Tunnel::new(stream),
                        Secured::Tunnel(stream) => Tunnel::new(stream),
                    };
                    return Ok(tunnel.holding(held));
                }
                Err(error) => {
                    course.endpoints.failed(index, &self.settings, &error);
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
        (self.settings.direct && !self.pending.is()).then_some(Direct(self))
    }
}

impl<C: Connect> Upstream<C> {
    async fn send(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        match &self.lambda {
            None => self.pass_on(request, attempt).await,
            Some(lambda) => Box::pin(self.call_function(lambda, request, attempt)).await,
        }
    }

    /// Calls the function that the backend is.
    async fn call_function(
        &self,
        lambda: &Lambda,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        match lambda.call(request, attempt.worker).await {
            Ok(call) => {
                let answer = self.pass_on(call, attempt).await?;
                Ok(lambda.answered(answer).await)
            }
            Err(Uncalled::Answered(answer)) => Ok(answer),
            Err(Uncalled::Failed(error)) => Err(error),
        }
    }

    async fn pass_on(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let over_http2 = match self.spec.protocol {
            AppProtocol::H2c => true,
            AppProtocol::AsClient => request.version() == Version::HTTP_2,
            AppProtocol::Http => is_grpc(request.headers()),
            AppProtocol::Http1 | AppProtocol::Opaque => false,
        };
        match over_http2 {
            true => Box::pin(self.call_http2(request, attempt)).await,
            false => self.call_http1(request, attempt).await,
        }
    }

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

    /// Was there any request yet?
    fn is_used(&self) -> bool {
        let slots = self.slots.iter().enumerate();
        let mut turns = slots.map(|(worker, slot)| (worker, slot.turn.load(Relaxed)));
        turns.any(|(first, turn)| turn != first)
    }

    fn endpoints(&self) -> Arc<Endpoints> {
        self.slots[0].endpoints.load_full()
    }

    /// Has its names looked up, and leads to what is known of them.
    fn begin_to_look_up(self: &Arc<Self>) {
        let mut roll = self.roll();
        self.look_up_names(&mut roll);
        self.settle(&roll);
    }

    /// Has its endpoints asked whether they are well.
    fn begin_to_check(self: &Arc<Self>) {
        let Some(check) = &self.spec.settings.health_check else {
            return;
        };
        let backend = Arc::downgrade(self);
        let used = Arc::downgrade(self);
        let watch = Watch {
            used: Box::new(move || used.upgrade().is_some_and(|backend| backend.is_used())),
            check: Arc::new(check.value.clone()),
            way: Arc::clone(&self.way),
            settings: self.settings,
            endpoints: Box::new(move || Some(backend.upgrade()?.endpoints())),
            changed: Arc::clone(&self.checks.changed),
        };
        self.checks.begun(self.looking.spawn(watch.run()));
    }

    /// Leads to the endpoints of `roll` from now on.
    fn settle(&self, roll: &Roll) {
        let known = self.endpoints();
        let endpoints =
            make::endpoints(roll, Some(&known), &*self.pick, &self.settings, &self.load);
        let pending = endpoints.is_empty() && roll.is_open();
        if !make::are_same(&known, &endpoints) {
            for slot in &self.slots {
                slot.endpoints.store(Arc::new(endpoints.clone()));
            }
            self.checks.changed.notify_one();
        }
        self.pending.set(pending);
    }

    /// Counts a retry, if that is within the budget, and within what may be open.
    fn try_again(&self) -> Result<Counting<'_>, BackendError> {
        let within = |budget: &Arc<RetryBudget>| budget.retry(Instant::now());
        let retrying = self.load.retry(self.settings.most);
        let retrying = retrying.filter(|_| self.budget.as_ref().is_none_or(within));
        retrying.ok_or_else(|| {
            let what = format!("{} has too many retries", self.spec.id);
            BackendError::new(BackendErrorKind::OverBudget, what)
        })
    }

    /// Waits for a connection where there are as many as may be, unless too many requests do.
    async fn wait_for_room(&self, full: BackendError) -> Result<(), BackendError> {
        match self.load.wait(self.settings.most).await {
            true => Ok(()),
            false => Err(full),
        }
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
        let mut what = format!("{} has no endpoints", self.spec.id);
        if let Some(why) = self.roll().failed() {
            what = format!("{what}: {why}");
        }
        BackendError::new(BackendErrorKind::NoEndpoint, what)
    }
}
