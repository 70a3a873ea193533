//! One endpoint: its connections and its health.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use gateway_resolve::ir;
use http::{Request, Response};
use tokio::time::timeout;

use super::connect::Connect;
use super::fit;
use super::health::{Ejection, Health};
use super::http2::{Http2, Reserved, SendError};
use super::lane::{Keep, Lane, Open};
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind, is_harmless};

/// What holds for all endpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) workers: usize,
    pub(super) connect: Duration,
    pub(super) expect_continue: Duration,
    pub(super) attempts: usize,
    pub(super) keep: Keep,
    pub(super) ejection: Ejection,
}

/// An endpoint, kept across reloads for as long as some backend has it.
pub(super) struct Endpoint {
    spec: ir::Endpoint,
    pub(super) health: Health,
    lanes: Box<[Arc<Lane>]>,
}

/// Why an endpoint did not answer.
pub(super) enum Failure {
    /// Another endpoint may be asked: this one was not reached, or did not answer what may be sent
    /// twice without harm.
    Elsewhere(Box<Request<Body>>, BackendError),
    /// The request may have been carried out.
    Final(BackendError),
}

impl Endpoint {
    pub(super) fn new(spec: ir::Endpoint, settings: &Settings, now: Instant) -> Self {
        let lane = |_| Arc::new(Lane::new(settings.keep));
        Self {
            spec,
            health: Health::new(now),
            lanes: (0..settings.workers).map(lane).collect(),
        }
    }

    /// Is it the endpoint that `spec` describes?
    pub(super) fn is(&self, spec: &ir::Endpoint) -> bool {
        self.spec == *spec
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.spec.address
    }

    pub(super) fn lane(&self, worker: usize) -> &Arc<Lane> {
        &self.lanes[worker]
    }

    /// Sends `request` over HTTP/2.
    pub(super) async fn http2(
        &self,
        connect: &impl Connect,
        settings: &Settings,
        worker: usize,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        fit::for_http2(&mut request, self.spec.address);
        let open = Open::at(self.lane(worker));
        let connection = match self.multiplexed(connect, settings, worker).await {
            Ok(connection) => connection,
            Err(error) => return Err(self.unreached(settings, request, error)),
        };
        let copy = copy_if_harmless(&request);
        let request = match connection.send(request, open).await {
            Err(SendError::NotSent(request)) => *request,
            Err(SendError::Unanswered(error)) => copy.ok_or(Failure::Final(error))?,
            other => return self.sent(settings, other, None),
        };
        match self.multiplexed(connect, settings, worker).await {
            Ok(connection) => {
                let copy = copy_if_harmless(&request);
                let sent = connection.send(request, Open::at(self.lane(worker))).await;
                self.sent(settings, sent, copy)
            }
            Err(error) => Err(self.unreached(settings, request, error)),
        }
    }

    /// A multiplexed connection with room for a stream.
    async fn multiplexed(
        &self,
        connect: &impl Connect,
        settings: &Settings,
        worker: usize,
    ) -> Result<Reserved, BackendError> {
        let lane = self.lane(worker);
        if let Some(reserved) = reserve(lane) {
            return Ok(reserved);
        }
        let _one_at_a_time = lane.connecting.lock().await;
        if let Some(reserved) = reserve(lane) {
            return Ok(reserved);
        }
        let stream = self.connect(connect, settings.connect).await?;
        let connection = Http2::new(stream).await.map_err(handshake)?;
        let reserved = connection.reserve();
        lane.http2
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        reserved.ok_or_else(|| {
            BackendError::new(
                BackendErrorKind::Connect,
                "the endpoint allows no HTTP/2 streams",
            )
        })
    }

    pub(super) async fn connect<C: Connect>(
        &self,
        connect: &C,
        limit: Duration,
    ) -> Result<C::Stream, BackendError> {
        let address = self.spec.address;
        match timeout(limit, connect.connect(&self.spec)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => {
                let what = format!("cannot connect to {address}: {error}");
                Err(BackendError::new(BackendErrorKind::Connect, what).because(error))
            }
            Err(_elapsed) => {
                let what = format!("no connection to {address} within {limit:?}");
                Err(BackendError::new(BackendErrorKind::Connect, what))
            }
        }
    }

    /// What became of a request on a new connection. `copy` of it is there when it may be sent again.
    fn sent(
        &self,
        settings: &Settings,
        sent: Result<Response<Body>, SendError>,
        copy: Option<Request<Body>>,
    ) -> Result<Response<Body>, Failure> {
        match sent {
            Ok(response) => Ok(self.answered(response)),
            Err(SendError::NotSent(request)) => {
                let what = format!("{} closed a new connection", self.spec.address);
                let error = BackendError::new(BackendErrorKind::Connect, what);
                Err(self.unreached(settings, *request, error))
            }
            Err(SendError::Unanswered(error)) => Err(match copy {
                Some(copy) => self.unreached(settings, copy, error),
                None => {
                    self.failed(settings, &error);
                    Failure::Final(error)
                }
            }),
            Err(SendError::Failed(error)) => Err(Failure::Final(error)),
        }
    }

    fn answered(&self, response: Response<Body>) -> Response<Body> {
        self.health.succeeded();
        response
    }

    fn unreached(
        &self,
        settings: &Settings,
        request: Request<Body>,
        error: BackendError,
    ) -> Failure {
        self.failed(settings, &error);
        Failure::Elsewhere(Box::new(request), error)
    }

    pub(super) fn failed(&self, settings: &Settings, error: &BackendError) {
        let address = self.spec.address;
        tracing::debug!(%address, %error, "an endpoint failed");
        if self.health.failed(settings.ejection, Instant::now()) {
            tracing::warn!(%address, period = ?settings.ejection.period, "an endpoint keeps failing and is left alone for a while");
        }
    }
}

fn handshake(error: hyper::Error) -> BackendError {
    BackendError::new(BackendErrorKind::Connect, "the connection failed at once").because(error)
}

fn reserve(lane: &Lane) -> Option<Reserved> {
    let mut connections = lane.http2.lock().unwrap_or_else(PoisonError::into_inner);
    connections.retain(|connection| !connection.is_closed());
    connections.iter().find_map(Http2::reserve)
}

/// A copy of a request that may be sent twice without harm (RFC 9110 section 9.2.2) and has no
/// body: an endpoint may close an idle connection just when a request is sent on it, or stop before it
/// has accepted a new one.
fn copy_if_harmless(request: &Request<Body>) -> Option<Request<Body>> {
    if !is_harmless(request.method()) || !request.body().is_empty() {
        return None;
    }
    let mut copy = Request::new(Body::empty());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}
