//! What is counted under which names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gateway_dataplane::observe::Record;
use gateway_model::ObjectRef;
use gateway_resolve::ir::{self, Certificate, CertificateId, Ir, ListenerId};
use x509_parser::parse_x509_certificate;

use super::series::{Connections, Requests};

/// Pairs of a listener and a route that are counted apart; beyond, they are `other`.
pub(super) const MOST_ROUTES: usize = 1_000;
/// Listeners that are counted apart; beyond, they are `other`.
pub(super) const MOST_LISTENERS: usize = 1_000;
/// Virtual clusters of a listener that are counted.
pub(super) const MOST_CLUSTERS: usize = 100;
/// Certificates that are told of.
pub(super) const MOST_CERTIFICATES: usize = 1_000;

/// Numbers by the names of an IR.
#[derive(Default)]
pub(super) struct Names {
    pub(super) listeners: HashMap<ListenerId, Listener>,
    /// No listener took it.
    pub(super) nowhere: Arc<Requests>,
    /// What has no name of its own.
    pub(super) other: Arc<Requests>,
    pub(super) other_connections: Arc<Connections>,
    /// Requests by [why they were answered so](gateway_dataplane::observe::Reason).
    pub(super) reasons: Arc<Reasons>,
}

/// What is counted at a listener.
#[derive(Default)]
pub(super) struct Listener {
    /// No route took it.
    pub(super) unrouted: Arc<Requests>,
    pub(super) routes: HashMap<ObjectRef, Arc<Requests>>,
    /// By virtual cluster.
    pub(super) clusters: HashMap<Box<str>, Arc<Requests>>,
    pub(super) connections: Arc<Connections>,
}

/// Their number is that of the variants of a type.
#[derive(Default)]
pub(super) struct Reasons(std::sync::RwLock<BTreeMap<&'static str, AtomicU64>>);

impl Names {
    /// The names of `ir`, with the numbers that they have in `before`.
    pub(super) fn of(ir: &Ir, before: &Self) -> Self {
        let mut left = MOST_ROUTES;
        let mut listeners = HashMap::new();
        for listener in ir.listeners().iter().take(MOST_LISTENERS) {
            let known = before.listeners.get(&listener.id);
            let mut named = Listener {
                unrouted: known
                    .map(|known| Arc::clone(&known.unrouted))
                    .unwrap_or_default(),
                connections: known
                    .map(|known| Arc::clone(&known.connections))
                    .unwrap_or_default(),
                routes: HashMap::new(),
                clusters: HashMap::new(),
            };
            for name in clusters(listener).take(MOST_CLUSTERS) {
                let known = known.and_then(|known| known.clusters.get(name));
                let requests = known.cloned().unwrap_or_default();
                named.clusters.insert(name.into(), requests);
            }
            let routes = listener.hosts().iter().flat_map(|host| &host.routes);
            for object in routes.map(|route| &route.rule.source.id.route) {
                if left == 0 {
                    break;
                }
                if !named.routes.contains_key(object) {
                    let known = known.and_then(|known| known.routes.get(object));
                    let requests = known.cloned().unwrap_or_default();
                    named.routes.insert(object.clone(), requests);
                    left -= 1;
                }
            }
            listeners.insert(listener.id.clone(), named);
        }
        Self {
            listeners,
            nowhere: Arc::clone(&before.nowhere),
            other: Arc::clone(&before.other),
            other_connections: Arc::clone(&before.other_connections),
            reasons: Arc::clone(&before.reasons),
        }
    }

    pub(super) fn requests(
        &self,
        listener: Option<&ListenerId>,
        route: Option<&ObjectRef>,
    ) -> &Requests {
        let Some(listener) = listener else {
            return &self.nowhere;
        };
        let named = self.listeners.get(listener);
        let found = named.and_then(|named| match route {
            Some(route) => named.routes.get(route),
            None => Some(&named.unrouted),
        });
        found.unwrap_or(&self.other)
    }

    /// The virtual cluster that a request is counted with.
    pub(super) fn cluster(&self, record: &Record) -> Option<&Requests> {
        let listener = self.listeners.get(&record.listener.as_ref()?.id)?;
        let requests = listener.clusters.get(record.virtual_cluster.as_ref()?)?;
        Some(requests)
    }

    pub(super) fn connections(&self, listener: Option<&ListenerId>) -> &Connections {
        let named = listener.and_then(|listener| self.listeners.get(listener));
        named.map_or(&self.other_connections, |named| &named.connections)
    }

    pub(super) fn count_reason(&self, record: &Record) {
        let reason = match record.reason {
            Some(reason) => reason.as_str(),
            None => "unanswered",
        };
        self.reasons.count(reason);
    }
}

/// The names of the virtual clusters of a listener, several times perhaps.
fn clusters(listener: &ir::Listener) -> impl Iterator<Item = &str> {
    let hosts = listener.hosts().iter();
    let clusters = hosts.filter_map(|host| host.settings.virtual_clusters.as_ref());
    let clusters = clusters.flat_map(|set| &set.value.0);
    let mut names: Vec<_> = clusters.map(|cluster| &*cluster.name).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

impl Reasons {
    fn count(&self, reason: &'static str) {
        let known = self
            .0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = known.get(reason) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(known);
        let mut known = self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known
            .entry(reason)
            .or_default()
            .fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Vec<(&'static str, u64)> {
        let known = self
            .0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let read =
            |(reason, count): (&&'static str, &AtomicU64)| (*reason, count.load(Ordering::Relaxed));
        known.iter().map(read).collect()
    }
}

/// When certificates expire.
#[derive(Default)]
pub(super) struct Certificates(BTreeMap<CertificateId, Expiring>);

struct Expiring {
    certificate: Arc<Certificate>,
    /// In seconds since 1970, of its chain the one that expires first.
    expiry: Option<i64>,
}

impl Certificates {
    /// Tells of those of `ir` from now on.
    pub(super) fn name(&mut self, ir: &Ir) {
        let mut before = std::mem::take(&mut self.0);
        let certificates = ir.certificates().iter().take(MOST_CERTIFICATES);
        let expiring = certificates.map(|(id, certificate)| {
            let known = before.remove(id);
            let known = known.filter(|known| Arc::ptr_eq(&known.certificate, certificate));
            (
                id.clone(),
                known.unwrap_or_else(|| Expiring::of(certificate)),
            )
        });
        self.0 = expiring.collect();
    }

    /// When each of them expires, in seconds since 1970.
    pub(super) fn expiries(&self) -> impl Iterator<Item = (&CertificateId, i64)> {
        let all = self.0.iter();
        all.filter_map(|(id, expiring)| Some((id, expiring.expiry?)))
    }
}

impl Expiring {
    fn of(certificate: &Arc<Certificate>) -> Self {
        let expiries = certificate.chain.iter().filter_map(|der| {
            let (_, parsed) = parse_x509_certificate(der).ok()?;
            Some(parsed.validity().not_after.timestamp())
        });
        Self {
            expiry: expiries.min(),
            certificate: Arc::clone(certificate),
        }
    }
}
