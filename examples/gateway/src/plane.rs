//! The data plane of this process, driven from asynchronous code.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_dataplane::forward::headers::{Forwarding, HopId};
use gateway_dataplane::observe::Observer;
use gateway_dataplane::{Applied, Limits, Ports, Proxy, SessionKey};
use gateway_resolve::ir::{DataPlane, Ir, ListenerId};
use gateway_resolve::{Config, Resolver, Snapshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::access_log::AccessLog;
use crate::audit::{self, Auditor};
use crate::descriptors;
use crate::error::Error;
use crate::memory;
use crate::metrics::Metrics;
use crate::outcome::{self, Outcome};
use crate::stop::Stop;
use crate::traffic::TrafficArguments;

/// How long after a socket could not be opened that is tried again: whoever has its port may be gone,
/// or the machine may have its address.
const RETRY: Duration = Duration::from_secs(5);

/// How long the end of the access log is waited for.
const FLUSH: Duration = Duration::from_secs(1);

/// A proxy.
pub(crate) struct Plane {
    proxy: Arc<Proxy>,
    metrics: Option<Arc<Metrics>>,
    access_log: Option<Arc<AccessLog>>,
    /// What resolution has found out so far; one at a time has it.
    resolver: Arc<Mutex<Resolver>>,
    auditor: Option<Auditor>,
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
        metrics: Option<Arc<Metrics>>,
    ) -> Result<Self, Error> {
        let log = |sink| AccessLog::open(sink, arguments.access_log_format).map(Arc::new);
        let access_log = arguments.access_log.as_ref().map(log).transpose()?;
        let mut forwarding = Forwarding::default();
        let hop_id = arguments.hop_id.clone();
        forwarding.hop_id = Some(hop_id.unwrap_or_else(|| HopId::of(name)));
        forwarding.trusted_proxies = arguments.trusted_proxies.as_slice().into();
        let mut limits = Limits::default();
        limits.mirror_lag = arguments.mirror_lag;
        descriptors::fit(&mut limits);
        let drain = limits.drain;
        let mut builder = Proxy::builder()
            .limits(limits)
            .forwarding(forwarding)
            // The same for replicas, as they serve the same sessions.
            .session_key(SessionKey::new(name.as_bytes()))
            .ambiguous_paths(arguments.ambiguous_paths.into())
            .addresses(arguments.bind.iter().copied())
            .ports(Ports::Offset(arguments.port_offset))
            .share_ports(neighbours == Neighbours::Share);
        if let Some(workers) = arguments.workers {
            builder = builder.workers(workers.into());
        }
        let observers = observers(metrics.as_ref(), access_log.as_ref());
        if !observers.is_empty() {
            builder = builder.observed_by(observers);
        }
        let proxy = builder.start().map_err(|error| {
            Error::new(format!("cannot start the workers: {error}"))
                .next("give fewer with --workers, or allow this process more threads and files")
        })?;
        if let Some(metrics) = &metrics {
            metrics.watch(proxy.forwarder());
        }
        memory::watch();
        Ok(Self {
            proxy: Arc::new(proxy),
            metrics,
            access_log,
            resolver: Arc::default(),
            auditor: None,
            drain,
            retry: None,
        })
    }

    /// Has what is served audited so often.
    pub(crate) fn audit_every(&mut self, every: Option<Duration>) {
        self.auditor = every.map(|every| Auditor::new(every, self.metrics.clone()));
    }

    /// Serves what the snapshot asks for; once it returns, that is what clients get.
    pub(crate) async fn apply(&mut self, snapshot: Snapshot, config: &Config) -> Outcome {
        let config = config.clone();
        let plane = Measured::new(Arc::clone(&self.proxy), self.metrics.clone());
        let resolver = Arc::clone(&self.resolver);
        let is_due = self.auditor.as_ref().is_some_and(Auditor::is_due);
        let (outcome, audit) = joined(spawn_blocking(move || {
            let mut resolver = resolver.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = outcome::apply(&mut resolver, snapshot, &config, &plane);
            let audit = audit::of(is_due, &resolver, &outcome.snapshot);
            (outcome, audit)
        }))
        .await;
        if let (Some(auditor), Some(audit)) = (&mut self.auditor, audit) {
            auditor.begin(audit);
        }
        self.count_reload(true);
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

    /// Counts a version of the resources that was applied, or refused as a whole.
    pub(crate) fn count_reload(&self, ok: bool) {
        if let Some(metrics) = &self.metrics {
            metrics.reloaded(ok);
        }
    }

    /// Stops accepting, and lets requests finish until a second signal. What was cut short is said, and
    /// decides the exit status.
    pub(crate) async fn end(&self, stop: &mut Stop) -> ExitCode {
        tracing::info!("draining: a second signal stops at once");
        let cut_off = tokio::select! {
            cut_off = self.drain(self.drain) => cut_off,
            () = stop.asked() => self.drain(Duration::ZERO).await,
        };
        match cut_off {
            0 => tracing::info!("stopped"),
            _ => tracing::error!(connections = cut_off, "stopped: requests were cut short"),
        }
        ExitCode::from(u8::from(cut_off > 0))
    }

    /// How many connections were cut off.
    async fn drain(&self, limit: Duration) -> usize {
        let (proxy, log) = (Arc::clone(&self.proxy), self.access_log.clone());
        let drain = move || {
            let cut_off = proxy.drain(limit);
            if let Some(log) = log {
                log.flush(FLUSH);
            }
            cut_off
        };
        joined(spawn_blocking(drain)).await
    }
}

/// Who is told of requests.
fn observers(
    metrics: Option<&Arc<Metrics>>,
    log: Option<&Arc<AccessLog>>,
) -> Vec<Arc<dyn Observer>> {
    if let (Some(metrics), Some(log)) = (metrics, log) {
        metrics.watch_log(log.lost());
    }
    let metrics = metrics.map(|metrics| Arc::clone(metrics) as Arc<dyn Observer>);
    let log = log.map(|log| Arc::clone(log) as Arc<dyn Observer>);
    metrics.into_iter().chain(log).collect()
}

/// The proxy, and how long it takes until there is something to apply: metrics know its names first.
pub(crate) struct Measured {
    proxy: Arc<Proxy>,
    metrics: Option<Arc<Metrics>>,
    since: std::time::Instant,
}

impl Measured {
    fn new(proxy: Arc<Proxy>, metrics: Option<Arc<Metrics>>) -> Self {
        Self {
            proxy,
            metrics,
            since: std::time::Instant::now(),
        }
    }
}

impl DataPlane for Measured {
    type Applied = Applied;

    fn apply(&self, ir: &Arc<Ir>) -> Applied {
        if let Some(metrics) = &self.metrics {
            metrics.name(ir, self.since.elapsed());
        }
        self.proxy.apply(ir)
    }

    fn unserved(applied: &Applied) -> Vec<(ListenerId, String)> {
        <Proxy as DataPlane>::unserved(applied)
    }
}

/// The outcome of a task that is never cancelled; its panic goes on here.
pub(crate) async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
