//! The data plane of this process, driven from asynchronous code.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::{Limits, Ports, Proxy};
use gateway_resolve::{Config, Snapshot};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::Error;
use crate::outcome::{self, Outcome};

/// A proxy.
pub(crate) struct Plane {
    proxy: Arc<Proxy>,
    drain: Duration,
}

impl Plane {
    /// Starts the workers, which serve nothing yet. `bind` is for Gateways without addresses.
    pub(crate) fn start(
        workers: Option<u16>,
        bind: &[IpAddr],
        port_offset: u16,
    ) -> Result<Self, Error> {
        let limits = Limits::default();
        let drain = limits.drain;
        let mut builder = Proxy::builder()
            .limits(limits)
            .addresses(bind.iter().copied())
            .ports(Ports::Offset(port_offset));
        if let Some(workers) = workers {
            builder = builder.workers(workers.into());
        }
        let proxy = builder.start().map_err(|error| {
            Error::new(format!("cannot start the workers: {error}"))
                .next("give fewer with --workers, or allow this process more threads and files")
        })?;
        Ok(Self {
            proxy: Arc::new(proxy),
            drain,
        })
    }

    /// Serves what the snapshot asks for; once it returns, that is what clients get.
    pub(crate) async fn apply(&self, snapshot: Snapshot, config: &Config) -> Outcome {
        let (config, proxy) = (config.clone(), Arc::clone(&self.proxy));
        joined(spawn_blocking(move || {
            outcome::apply(snapshot, &config, &proxy)
        }))
        .await
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
