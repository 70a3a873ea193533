//! One endpoint: its connections and its health.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use gateway_resolve::ir::{self, EndpointAddress};

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
    pub(super) health: Arc<Health>,
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
            health: Arc::new(Health::new(now)),
            lanes: (0..settings.workers).map(lane).collect(),
        }
    }

    /// The same with none of its connections, which end with what is on them.
    pub(super) fn renewed(&self, settings: &Settings, load: &Arc<Load>) -> Self {
        Self {
            health: Arc::clone(&self.health),
            ..Self::new(self.spec.clone(), self.address, settings, load, self.since)
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

    /// The address, if it is one that others know.
    pub(crate) fn known_address(&self) -> Option<SocketAddr> {
        self.path().is_none().then_some(self.address)
    }

    /// The path of its socket, where it has no address.
    pub(super) fn path(&self) -> Option<&str> {
        match &self.spec.address {
            EndpointAddress::Path(path) => Some(path),
            EndpointAddress::Ip(_) | EndpointAddress::Name { .. } => None,
        }
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
        tracing::debug!(address = %self, %error, "an endpoint failed");
        true
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => f.write_str(path),
            None => self.address.fmt(f),
        }
    }
}
