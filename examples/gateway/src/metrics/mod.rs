//! What is counted, for `/metrics`.
//!
//! Labels are names of the intermediate representation, never of a request, and their number is bounded: what
//! goes beyond is counted as `other`. On the request path there are a look-up and some additions to atomic
//! numbers; whoever scrapes reads those numbers into a text of his own and holds nobody up.

mod names;
mod page;
mod series;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use gateway_dataplane::Forwarder;
use gateway_dataplane::backend::upstream::Upstreams;
use gateway_dataplane::observe::{Observer, Record, StreamRecord};
use gateway_resolve::ir::Ir;

pub(crate) use self::page::Page;

use self::names::{Certificates, Names};
use self::series::Histogram;

/// Everything that is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    names: ArcSwap<Names>,
    /// What they are the names of.
    named: Mutex<Ir>,
    certificates: Mutex<Certificates>,
    reloads: Reloads,
    audits: Audits,
    /// How long resolution took.
    resolve: Histogram,
    forwarder: OnceLock<Weak<Forwarder<Upstreams>>>,
    lost_lines: OnceLock<Arc<AtomicU64>>,
}

#[derive(Default)]
struct Reloads {
    ok: AtomicU64,
    failed: AtomicU64,
}

#[derive(Default)]
struct Audits {
    done: AtomicU64,
    differences: AtomicU64,
}

impl Metrics {
    /// Counts by the names of `ir` from now on; what still has its name goes on being counted.
    pub(crate) fn name(&self, ir: &Ir, resolved_in: Duration) {
        self.resolve.observe(resolved_in);
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.listeners() != ir.listeners() {
            self.names
                .store(Arc::new(Names::of(ir, &self.names.load())));
        }
        self.certificates().name(ir);
        *named = ir.clone();
    }

    /// Resources were applied, or refused as a whole.
    pub(crate) fn reloaded(&self, ok: bool) {
        let count = match ok {
            true => &self.reloads.ok,
            false => &self.reloads.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What is served was held against a whole resolution, which came to so much else.
    pub(crate) fn audited(&self, differences: usize) {
        self.audits.done.fetch_add(1, Ordering::Relaxed);
        let differences = u64::try_from(differences).unwrap_or(u64::MAX);
        self.audits
            .differences
            .fetch_add(differences, Ordering::Relaxed);
    }

    /// Whose connections to backends are counted.
    pub(crate) fn watch(&self, forwarder: &Arc<Forwarder<Upstreams>>) {
        let _once = self.forwarder.set(Arc::downgrade(forwarder));
    }

    /// Where the access log counts what it loses.
    pub(crate) fn watch_log(&self, lost: &Arc<AtomicU64>) {
        let _once = self.lost_lines.set(Arc::clone(lost));
    }

    fn certificates(&self) -> std::sync::MutexGuard<'_, Certificates> {
        let certificates = self.certificates.lock();
        certificates.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Metrics {
    fn request(&self, record: &Record) {
        let names = self.names.load();
        let rule = record.rule.as_ref().map(|rule| &rule.source.id.route);
        let listener = record.listener.as_ref().map(|listener| &listener.id);
        names.requests(listener, rule).count(record);
        names.count_reason(record);
        if let Some(cluster) = names.cluster(record) {
            cluster.count(record);
        }
    }

    fn stream(&self, record: &StreamRecord) {
        let names = self.names.load();
        let listener = record.listener.as_ref().map(|listener| &listener.id);
        names.connections(listener).count(record);
    }

    fn keeps_heads(&self) -> bool {
        false
    }
}
