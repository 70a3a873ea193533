//! One endpoint: its connections and its health.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_resolve::ir;
use rustix::io::Errno;
use tokio::time::timeout;

use super::connect::Connect;
use super::health::{Ejection, Health};
use super::http2;
use super::lane::{Keep, Lane};
use super::load::{Load, Most};
use super::tls::{Inside, Secured, TlsClient};
use crate::backend::{BackendError, BackendErrorKind};
use crate::codec::h1::Allowance;
use crate::paced::Paced;

/// What holds for all endpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) workers: usize,
    pub(super) connect: Duration,
    pub(super) allowed: Allowance,
    pub(super) most: Most,
    pub(super) attempts: usize,
    pub(super) keep: Keep,
    pub(super) connect_patience: Duration,
    pub(super) http2: http2::Settings,
    pub(super) ejection: Ejection,
}

/// How endpoints are connected to: in clear, by TLS, or by TLS that cannot be had.
pub(super) type Security = Option<Result<TlsClient, String>>;

/// An endpoint, kept across reloads for as long as some backend has it.
pub(crate) struct Endpoint {
    spec: ir::Endpoint,
    pub(super) health: Health,
    lanes: Box<[Arc<Lane>]>,
}

impl Endpoint {
    pub(super) fn new(
        spec: ir::Endpoint,
        settings: &Settings,
        load: &Arc<Load>,
        now: Instant,
    ) -> Self {
        let lane = |_| Arc::new(Lane::new(settings.keep, Arc::clone(load)));
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

    pub(super) fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    pub(super) fn lane(&self, worker: usize) -> &Arc<Lane> {
        &self.lanes[worker]
    }

    pub(super) async fn connect<C: Connect>(
        &self,
        connect: &C,
        tls: &Security,
        limit: Duration,
    ) -> Result<Secured<C::Stream>, BackendError> {
        self.in_time(limit, self.reach(connect, tls)).await
    }

    /// Connects for HTTP, by TLS where that is asked for, however long it takes.
    pub(super) async fn reach<C: Connect>(
        &self,
        connect: &C,
        tls: &Security,
    ) -> Result<Secured<C::Stream>, BackendError> {
        self.open(connect, tls, Inside::Http).await
    }

    /// Connects, by TLS where that is asked for, however long it takes.
    pub(super) async fn open<C: Connect>(
        &self,
        connect: &C,
        tls: &Security,
        inside: Inside,
    ) -> Result<Secured<C::Stream>, BackendError> {
        let untrusted = |what: &dyn fmt::Display| {
            let what = format!("no TLS with {}: {what}", self.spec.address);
            BackendError::new(BackendErrorKind::Untrusted, what)
        };
        let client = match tls {
            None => None,
            Some(Ok(client)) => Some(client),
            Some(Err(why)) => return Err(untrusted(why)),
        };
        let stream = connect.connect(&self.spec).await.map_err(|error| {
            let what = format!("cannot connect to {}: {error}", self.spec.address);
            let kind = match is_local(&error) {
                true => BackendErrorKind::Local,
                false => BackendErrorKind::Connect,
            };
            BackendError::new(kind, what).because(error)
        })?;
        let Some(client) = client else {
            return Ok(Secured::Clear(stream));
        };
        let secured = client.secure(stream, inside).await;
        let secured = secured.map_err(|error| untrusted(&error).because(error))?;
        Ok(Secured::Tls(Box::new(secured)))
    }

    pub(super) async fn in_time<T>(
        &self,
        limit: Duration,
        connecting: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        timeout(limit, connecting).await.unwrap_or_else(|_elapsed| {
            let what = format!("no connection to {} within {limit:?}", self.spec.address);
            Err(BackendError::new(BackendErrorKind::Connect, what))
        })
    }

    pub(super) fn failed(&self, settings: &Settings, error: &BackendError) {
        let address = self.spec.address;
        if error.kind() == BackendErrorKind::Local {
            static SAID: Paced = Paced::new();
            if let Some(more) = SAID.pass() {
                tracing::warn!(%error, more, "this gateway lacks what a connection needs");
            }
            return;
        }
        tracing::debug!(%address, %error, "an endpoint failed");
        if self.health.failed(settings.ejection, Instant::now()) {
            tracing::warn!(%address, period = ?settings.ejection.period, "an endpoint keeps failing and is left alone for a while");
        }
    }
}

/// Is it this machine that lacks something, rather than the endpoint that cannot be reached?
fn is_local(error: &io::Error) -> bool {
    let lacking = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    Errno::from_io_error(error).is_some_and(|errno| lacking.contains(&errno))
}
