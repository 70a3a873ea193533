//! Holding what is served against a whole resolution, every so often, in the background.

use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::{Audit, Resolver, Snapshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::metrics::Metrics;

/// Who audits, one version at a time.
pub(crate) struct Auditor {
    every: Duration,
    last: Option<Instant>,
    running: Option<JoinHandle<()>>,
    metrics: Option<Arc<Metrics>>,
}

impl Auditor {
    pub(crate) fn new(every: Duration, metrics: Option<Arc<Metrics>>) -> Self {
        Self {
            every,
            last: None,
            running: None,
            metrics,
        }
    }

    /// Is it time for another audit?
    pub(crate) fn is_due(&self) -> bool {
        let is_over = self.running.as_ref().is_none_or(JoinHandle::is_finished);
        is_over && self.last.is_none_or(|last| last.elapsed() >= self.every)
    }

    /// Begins an audit.
    pub(crate) fn begin(&mut self, audit: Audit) {
        self.last = Some(Instant::now());
        let metrics = self.metrics.clone();
        self.running = Some(spawn_blocking(move || tell(&audit, metrics.as_deref())));
    }
}

/// What there is to audit, if it is time.
pub(crate) fn of(is_due: bool, resolver: &Resolver, snapshot: &Snapshot) -> Option<Audit> {
    is_due.then(|| resolver.audit(snapshot)).flatten()
}

fn tell(audit: &Audit, metrics: Option<&Metrics>) {
    let differences = audit.differences();
    for difference in &differences {
        tracing::error!(%difference, "a whole resolution comes to something else: a defect of this program");
    }
    if let Some(metrics) = metrics {
        metrics.audited(differences.len());
    }
}
