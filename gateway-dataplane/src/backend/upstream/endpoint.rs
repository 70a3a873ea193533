//! One endpoint: its connections and its health.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_resolve::ir;
use tokio::time::timeout;

use super::connect::Connect;
use super::health::{Ejection, Health};
use super::http2;
use super::lane::{Keep, Lane};
use crate::backend::{BackendError, BackendErrorKind};

/// What holds for all endpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) workers: usize,
    pub(super) connect: Duration,
    pub(super) expect_continue: Duration,
    pub(super) attempts: usize,
    pub(super) keep: Keep,
    pub(super) connect_patience: Duration,
    pub(super) http2: http2::Settings,
    pub(super) ejection: Ejection,
}

/// An endpoint, kept across reloads for as long as some backend has it.
pub(super) struct Endpoint {
    spec: ir::Endpoint,
    pub(super) health: Health,
    lanes: Box<[Arc<Lane>]>,
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

    pub(super) async fn connect<C: Connect>(
        &self,
        connect: &C,
        limit: Duration,
    ) -> Result<C::Stream, BackendError> {
        self.in_time(limit, self.reach(connect)).await
    }

    /// Connects, however long that takes.
    pub(super) async fn reach<C: Connect>(&self, connect: &C) -> Result<C::Stream, BackendError> {
        connect.connect(&self.spec).await.map_err(|error| {
            let what = format!("cannot connect to {}: {error}", self.spec.address);
            BackendError::new(BackendErrorKind::Connect, what).because(error)
        })
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
        tracing::debug!(%address, %error, "an endpoint failed");
        if self.health.failed(settings.ejection, Instant::now()) {
            tracing::warn!(%address, period = ?settings.ejection.period, "an endpoint keeps failing and is left alone for a while");
        }
    }
}
