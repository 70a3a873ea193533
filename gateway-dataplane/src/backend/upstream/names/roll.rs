//! Who the endpoints of a backend are, as far as that is known.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_model::Hostname;
use gateway_resolve::ir::{self, EndpointAddress};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::limits::fixed;

/// The endpoints of a backend as the IR has them, and what the names among them stand for.
pub(in crate::backend::upstream) struct Roll {
    spec: Arc<ir::Backend>,
    pub(super) names: BTreeMap<Hostname, Name>,
}

/// What is known of a name.
#[derive(Default)]
pub(super) struct Name {
    /// Is nothing of a search list added to it?
    is_whole: bool,
    addresses: Vec<IpAddr>,
    /// Was there an answer, or that there is none?
    asked: bool,
    /// Why there was none the last time.
    failed: Option<String>,
    /// Who looks it up.
    pub(super) task: Option<AbortHandle>,
}

impl Drop for Name {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Roll {
    /// That of `spec`, with what is known of names `before`.
    pub(in crate::backend::upstream) fn new(
        spec: &Arc<ir::Backend>,
        before: Option<&Self>,
    ) -> Self {
        let name = |(host, is_whole): (&Hostname, bool)| {
            let known = before.and_then(|before| before.names.get(host));
            let known = known.filter(|known| known.is_whole == is_whole);
            let name = known.map_or_else(|| Name::new(is_whole), Name::again);
            (host.clone(), name)
        };
        Self {
            names: hosts(spec).map(name).collect(),
            spec: Arc::clone(spec),
        }
    }

    /// Makes it that of `spec`. Names that stay are looked up on.
    pub(in crate::backend::upstream) fn update(&mut self, spec: &Arc<ir::Backend>) {
        let mut before = std::mem::take(&mut self.names);
        let name = |(host, is_whole): (&Hostname, bool)| {
            let known = before.remove(host);
            let known = known.filter(|known| known.is_whole == is_whole);
            (host.clone(), known.unwrap_or_else(|| Name::new(is_whole)))
        };
        self.names = hosts(spec).map(name).collect();
        self.spec = Arc::clone(spec);
    }

    /// The endpoints, each with an address that it has. Those at paths have one that nobody else has, at which there
    /// is nobody.
    pub(in crate::backend::upstream) fn addresses(
        &self,
    ) -> impl Iterator<Item = (&ir::Endpoint, SocketAddr)> {
        let endpoints = self.spec.endpoints.iter().enumerate();
        endpoints.flat_map(|(position, endpoint)| {
            let (ip, known) = match &endpoint.address {
                EndpointAddress::Ip(address) => (Some(*address), None),
                EndpointAddress::Path(_) => (Some(nowhere(position)), None),
                EndpointAddress::Name { host, port, .. } => {
                    let known = self.names.get(host).map(|name| (name, port.get()));
                    (None, known)
                }
            };
            let named = known.into_iter().flat_map(|(name, port)| {
                let addresses = name.addresses.iter();
                addresses.map(move |ip| SocketAddr::new(*ip, port))
            });
            let addresses = ip.into_iter().chain(named);
            addresses.map(move |address| (endpoint, address))
        })
    }

    /// Takes in what a name stands for; the same order makes the same endpoints.
    pub(super) fn stands_for(&mut self, host: &Hostname, mut addresses: Vec<IpAddr>) {
        addresses.sort();
        addresses.dedup();
        addresses.truncate(fixed::ADDRESSES);
        if let Some(name) = self.names.get_mut(host) {
            name.addresses = addresses;
            (name.asked, name.failed) = (true, None);
        }
    }

    /// Takes in that there is no answer: what was known last goes on. Says whether that is new.
    pub(super) fn unanswered(&mut self, host: &Hostname, why: String) -> bool {
        let Some(name) = self.names.get_mut(host) else {
            return false;
        };
        let is_new = name.failed.is_none();
        (name.asked, name.failed) = (true, Some(why));
        is_new
    }

    /// Is there a name that was not asked for yet?
    pub(in crate::backend::upstream) fn is_open(&self) -> bool {
        self.names.values().any(|name| !name.asked)
    }

    /// Why a name has no address.
    pub(in crate::backend::upstream) fn failed(&self) -> Option<String> {
        let mut lacking = self
            .names
            .iter()
            .filter(|(_, name)| name.addresses.is_empty());
        lacking.next().map(|(host, name)| match &name.failed {
            Some(why) => format!("{host}: {why}"),
            None => format!("there is no address of {host}"),
        })
    }
}

impl Name {
    fn new(is_whole: bool) -> Self {
        let mut name = Self::default();
        name.is_whole = is_whole;
        name
    }

    /// The name as it is asked for.
    pub(super) fn asked_for(&self, host: &Hostname) -> String {
        format!("{host}{}", if self.is_whole { "." } else { "" })
    }

    /// The same for another backend, which looks it up itself.
    fn again(&self) -> Self {
        Self {
            is_whole: self.is_whole,
            addresses: self.addresses.clone(),
            asked: self.asked,
            failed: self.failed.clone(),
            task: None,
        }
    }
}

/// An address for what has none.
fn nowhere(position: usize) -> SocketAddr {
    let number = u32::try_from(position).unwrap_or(u32::MAX);
    let [a, b, c, d] = number.to_be_bytes();
    // Those that are to be discarded (RFC 6666).
    let discarded = Ipv6Addr::from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
    SocketAddr::new(discarded.into(), 0)
}

/// The names, and whether they are whole.
fn hosts(spec: &ir::Backend) -> impl Iterator<Item = (&Hostname, bool)> {
    spec.endpoints
        .iter()
        .filter_map(|endpoint| match &endpoint.address {
            EndpointAddress::Name { host, is_whole, .. } => Some((host, *is_whole)),
            EndpointAddress::Ip(_) | EndpointAddress::Path(_) => None,
        })
}

/// Is there nobody to ask before names were looked up?
#[derive(Default)]
pub(in crate::backend::upstream) struct Pending {
    is: AtomicBool,
    over: Notify,
}

impl Pending {
    pub(in crate::backend::upstream) fn is(&self) -> bool {
        self.is.load(Ordering::Relaxed)
    }

    pub(in crate::backend::upstream) fn set(&self, is: bool) {
        self.is.store(is, Ordering::Release);
        if !is {
            self.over.notify_waiters();
        }
    }

    /// Waits until it is no more.
    pub(super) async fn over(&self) {
        let over = self.over.notified();
        if self.is.load(Ordering::Acquire) {
            over.await;
        }
    }
}
