//! What `gateway run` serves, from one reload to the next.

use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::{Applied, Limits, Ports, Problem, Proxy};
use gateway_model::{Manifests, Resource};
use gateway_resolve::{Config, Resolution, Snapshot, Statuses, resolve};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::cli::RunArguments;
use crate::echo::Echoes;
use crate::error::Error;
use crate::load::{self, Input};
use crate::overview::{self, Overview};
use crate::{problems, remember};

/// A proxy and what it serves.
pub(crate) struct Server {
    config: Config,
    proxy: Arc<Proxy>,
    drain: Duration,
    echoes: Echoes,
    /// Those of the last good version, `Programmed` as the proxy has it.
    statuses: Statuses,
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
            statuses: Statuses::default(),
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
        let overview = self.apply(manifests).await;
        tracing::info!(
            listeners = overview.listeners,
            routes = overview.routes,
            problems = overview.problems.len(),
            "reloaded"
        );
        problems::log(&overview.problems);
    }

    /// Serves all that is valid in `manifests`.
    pub(crate) async fn apply(&mut self, manifests: Manifests) -> Overview {
        let mut resources: Vec<_> = manifests
            .resources
            .iter()
            .map(|loaded| loaded.resource.clone())
            .collect();
        self.echoes.attach(&mut resources);
        let known = std::mem::take(&mut self.statuses);
        let config = self.config.clone();
        let proxy = Arc::clone(&self.proxy);
        let applying = spawn_blocking(move || apply(resources, &known, &config, &proxy));
        let outcome = joined(applying).await;
        self.echoes.retain(&outcome.snapshot);
        let overview = overview::overview(&manifests, &outcome, &self.echoes);
        self.statuses = outcome.statuses;
        overview
    }

    /// Stops accepting, and lets requests finish; says whether all did.
    pub(crate) async fn drain(&self) -> bool {
        let (proxy, limit) = (Arc::clone(&self.proxy), self.drain);
        joined(spawn_blocking(move || proxy.drain(limit))).await == 0
    }
}

/// What came of applying one version of the manifests.
pub(crate) struct Outcome {
    /// The resources, with those that are made up for the demo backends.
    pub(crate) snapshot: Snapshot,
    /// What is served, by their listeners.
    pub(crate) ir: Arc<gateway_resolve::ir::Ir>,
    /// What became of the listeners.
    pub(crate) applied: Applied,
    /// What the resources' authors are told.
    pub(crate) statuses: Statuses,
}

/// Resolves and applies; blocks.
fn apply(
    mut resources: Vec<Resource>,
    known: &Statuses,
    config: &Config,
    proxy: &Proxy,
) -> Outcome {
    remember::statuses(&mut resources, known);
    let snapshot = Snapshot::from_resources(resources);
    let now = load::now();
    let Resolution {
        ir, mut statuses, ..
    } = resolve(&snapshot, config, now);
    let ir = Arc::new(ir);
    let applied = proxy.apply(&ir);
    for report in applied.listeners().iter().filter(|r| r.bound.is_empty()) {
        let reasons: Vec<_> = report.problems.iter().map(Problem::to_string).collect();
        statuses.not_programmed(&snapshot, now, &report.id, &reasons.join("; "));
    }
    Outcome {
        snapshot,
        ir,
        applied,
        statuses,
    }
}

/// The outcome of a task that is never cancelled; its panic goes on here.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
