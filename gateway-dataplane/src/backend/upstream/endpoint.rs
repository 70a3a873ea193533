//! One endpoint: its connections and its health.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use gateway_resolve::ir;

use super::health::Health;
use super::lane::Lane;
use super::load::Load;
use super::settings::Settings;
use crate::backend::{BackendError, BackendErrorKind};
use crate::paced::Paced;

/// An endpoint, kept across reloads for as long as some backend has it.
pub(crate) struct Endpoint {
    spec: ir::Endpoint,
    /// Where it is, which is not always said by the IR.
    address: SocketAddr,
    /// Since when there is one.
    pub(super) since: Instant,
    pub(super) health: Health,
    lanes: Box<[Arc<Lane>]>,
}

impl Endpoint {
    pub(super) fn new(
        spec: ir::Endpoint,
        address: SocketAddr,
        settings: &Settings,
        load: &Arc<Load>,
        now: Instant,
    ) -> Self {
        let lane = |_| Arc::new(Lane::new(settings.keep, Arc::clone(load)));
        Self {
            spec,
            address,
            since: now,
            health: Health::new(now),
            lanes: (0..settings.workers).map(lane).collect(),
        }
    }

    /// Is it the endpoint that `spec` describes, at this address?
    pub(super) fn is(&self, spec: &ir::Endpoint, address: SocketAddr) -> bool {
        self.address == address && self.spec == *spec
    }

    /// The endpoint as the IR has it.
    pub(super) fn spec(&self) -> &ir::Endpoint {
        &self.spec
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    pub(super) fn lane(&self, worker: usize) -> &Arc<Lane> {
        &self.lanes[worker]
    }

    /// Does `error` say something about it, rather than about this gateway?
    pub(super) fn is_at_fault(&self, error: &BackendError) -> bool {
        if error.kind() == BackendErrorKind::Local {
            static SAID: Paced = Paced::new();
            if let Some(more) = SAID.pass() {
                tracing::warn!(%error, more, "this gateway lacks what a connection needs");
            }
            return false;
        }
        tracing::debug!(address = %self.address, %error, "an endpoint failed");
        true
    }
}
