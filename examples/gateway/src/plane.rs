//! The data plane of this process, driven from asynchronous code.

use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::forward::headers::{Forwarding, HopId};
use gateway_dataplane::{Limits, Ports, Proxy};
use gateway_resolve::{Config, Snapshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::error::Error;
use crate::outcome::{self, Outcome};
use crate::traffic::TrafficArguments;

/// How long after a socket could not be opened that is tried again: whoever has its port may be gone,
/// or the machine may have its address.
const RETRY: Duration = Duration::from_secs(5);

/// A proxy.
pub(crate) struct Plane {
    proxy: Arc<Proxy>,
    drain: Duration,
    /// When to apply again.
    retry: Option<Instant>,
}

/// What other processes on the same ports are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbours {
    /// In the way.
    Refuse,
    /// Replicas of the same user, from which this process may take over.
    Share,
}

impl Plane {
    /// Starts the workers, which serve nothing yet. `name` tells the gateway from others, and not its replicas
    /// from each other.
    pub(crate) fn start(
        arguments: &TrafficArguments,
        name: &str,
        neighbours: Neighbours,
    ) -> Result<Self, Error> {
        let mut forwarding = Forwarding::default();
        let hop_id = arguments.hop_id.clone();
        forwarding.hop_id = Some(hop_id.unwrap_or_else(|| HopId::of(name)));
        forwarding.trusted_proxies = arguments.trusted_proxies.as_slice().into();
        let mut limits = Limits::default();
        limits.mirror_lag = arguments.mirror_lag;
        let drain = limits.drain;
        let mut builder = Proxy::builder()
            .limits(limits)
            .forwarding(forwarding)
            .ambiguous_paths(arguments.ambiguous_paths.into())
            .addresses(arguments.bind.iter().copied())
            .ports(Ports::Offset(arguments.port_offset))
            .share_ports(neighbours == Neighbours::Share);
        if let Some(workers) = arguments.workers {
            builder = builder.workers(workers.into());
        }
        let proxy = builder.start().map_err(|error| {
            Error::new(format!("cannot start the workers: {error}"))
                .next("give fewer with --workers, or allow this process more threads and files")
        })?;
        Ok(Self {
            proxy: Arc::new(proxy),
            drain,
            retry: None,
        })
    }

    /// Serves what the snapshot asks for; once it returns, that is what clients get.
    pub(crate) async fn apply(&mut self, snapshot: Snapshot, config: &Config) -> Outcome {
        let (config, proxy) = (config.clone(), Arc::clone(&self.proxy));
        let outcome = joined(spawn_blocking(move || {
            outcome::apply(snapshot, &config, &proxy)
        }))
        .await;
        let closed = outcome.has_closed_sockets();
        self.retry = closed.then(|| Instant::now() + RETRY);
        outcome
    }

    /// Waits until it is time to apply again, since a socket could not be opened; for ever, when there
    /// is none. May be cancelled.
    pub(crate) async fn retry(&mut self) {
        let Some(at) = self.retry else {
            return std::future::pending().await;
        };
        sleep_until(at).await;
        self.retry = Some(at + RETRY);
    }

    /// Stops accepting, and lets requests finish; says whether all did.
    pub(crate) async fn drain(&self) -> bool {
        let (proxy, limit) = (Arc::clone(&self.proxy), self.drain);
        joined(spawn_blocking(move || proxy.drain(limit))).await == 0
    }
}

/// The outcome of a task that is never cancelled; its panic goes on here.
pub(crate) async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
