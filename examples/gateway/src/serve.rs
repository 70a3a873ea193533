//! What `gateway run` serves, from one reload to the next.

use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::{Limits, Ports, Proxy};
use gateway_model::Manifests;
use gateway_resolve::{Config, Statuses};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::cli::RunArguments;
use crate::echo::Echoes;
use crate::error::Error;
use crate::load::{self, Input};
use crate::outcome::{self, Outcome};
use crate::problems;

/// A proxy and what it serves.
pub(crate) struct Server {
    config: Config,
    proxy: Arc<Proxy>,
    drain: Duration,
    echoes: Echoes,
    /// Those of the last good version, `Programmed` as the proxy has it.
    statuses: Arc<Statuses>,
}

impl Server {
    /// Starts the workers, which serve nothing yet.
    pub(crate) fn start(arguments: &RunArguments) -> Result<Self, Error> {
        let limits = Limits::default();
        let drain = limits.drain;
        let mut builder = Proxy::builder()
            .limits(limits)
            .addresses(arguments.bind.iter().copied())
            .ports(Ports::Offset(arguments.port_offset));
        if let Some(workers) = arguments.workers {
            builder = builder.workers(workers.into());
        }
        let proxy = builder.start().map_err(|error| {
            Error::new(format!("cannot start the workers: {error}"))
                .next("give fewer with --workers, or allow this process more threads and files")
        })?;
        Ok(Self {
            config: load::config(&arguments.selection),
            proxy: Arc::new(proxy),
            drain,
            echoes: Echoes::default(),
            statuses: Arc::default(),
        })
    }

    /// Serves the manifests as they are now, unless something in them is wrong.
    pub(crate) async fn reload(&mut self, input: &Arc<Input>) {
        let input = Arc::clone(input);
        let manifests = joined(spawn_blocking(move || input.load())).await;
        if manifests.has_errors() {
            problems::log(&problems::of_manifests(&manifests));
            tracing::error!("not reloaded: the last good version is still served");
            return;
        }
        let outcome = self.apply(manifests).await;
        outcome.log("reloaded");
        problems::log(&outcome.problems);
    }

    /// Serves all that is valid in `manifests`.
    pub(crate) async fn apply(&mut self, mut manifests: Manifests) -> Outcome {
        let places = problems::places(&manifests);
        let loaded = std::mem::take(&mut manifests.resources).into_iter();
        let mut resources: Vec<_> = loaded.map(|loaded| loaded.resource).collect();
        self.echoes.attach(&mut resources);
        let known = Arc::clone(&self.statuses);
        let config = self.config.clone();
        let proxy = Arc::clone(&self.proxy);
        let applying = spawn_blocking(move || outcome::apply(resources, &known, &config, &proxy));
        let mut outcome = joined(applying).await;
        outcome.problems = problems::all(&manifests, &outcome.findings(), &places);
        self.echoes.retain(&outcome.snapshot);
        self.statuses = Arc::clone(&outcome.statuses);
        outcome
    }

    /// The embedded demo backends.
    pub(crate) fn echoes(&self) -> &Echoes {
        &self.echoes
    }

    /// Stops accepting, and lets requests finish; says whether all did.
    pub(crate) async fn drain(&self) -> bool {
        let (proxy, limit) = (Arc::clone(&self.proxy), self.drain);
        joined(spawn_blocking(move || proxy.drain(limit))).await == 0
    }
}

/// The outcome of a task that is never cancelled; its panic goes on here.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
