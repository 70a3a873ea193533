//! What differs between two IRs.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gateway_model::{Hostname, ObjectRef};

use super::host::is_default;
use super::{
    BackendId, CertificateId, Ir, Listener, ListenerId, MeshPortId, Route, ServerName, Stack,
    StreamRule, VirtualHost, VirtualHostSettings,
};

/// What differs from one [`Ir`] to another. What only one of them has differs; where it is to be told apart, either
/// of them is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// Listeners, as far as they are not about routes.
    pub listeners: BTreeSet<ListenerId>,
    /// Ports of Services of which clients in a mesh get something else, whatever the reason.
    pub mesh: BTreeSet<MeshPortId>,
    /// Route resources of which listeners serve other rules, or elsewhere, those that delegate included.
    pub routes: BTreeSet<ObjectRef>,
    /// Backends.
    pub backends: BTreeSet<BackendId>,
    /// Certificates.
    pub certificates: BTreeSet<CertificateId>,
}

impl Changes {
    /// Does nothing differ?
    pub fn is_empty(&self) -> bool {
        let Self {
            listeners,
            mesh,
            routes,
            backends,
            certificates,
        } = self;
        let nothing = listeners.is_empty() && mesh.is_empty() && routes.is_empty();
        nothing && backends.is_empty() && certificates.is_empty()
    }

    fn note(&mut self, id: &ListenerId, old: Option<&Listener>, new: Option<&Listener>) {
        let same_hosts = host_settings(old, new) == host_settings(new, old)
            && without_a_route(old) == without_a_route(new);
        if !same_hosts || old.map(without_routes) != new.map(without_routes) {
            self.listeners.insert(id.clone());
        }
        let (before, after) = (by_route(old, new), by_route(new, old));
        let routes = before.keys().chain(after.keys());
        let changed = routes.filter(|route| before.get(*route) != after.get(*route));
        self.routes.extend(changed.map(|route| (*route).clone()));
    }
}

impl Ir {
    /// What differs from `old` to this one, whatever either of them came from.
    ///
    /// Parts that both share, as successive results of a resolver do, are told by their address and not looked into.
    pub fn changes_since(&self, old: &Self) -> Changes {
        let mut changes = Changes::default();
        if !Arc::ptr_eq(&old.listeners, &self.listeners) {
            let (old, new) = (old.listeners.iter(), self.listeners.iter());
            let (old, new) = (old.map(|l| (&l.id, l)), new.map(|l| (&l.id, l)));
            for (id, old, new) in differing(old, new) {
                changes.note(id, old.map(|l| &**l), new.map(|l| &**l));
            }
        }
        if !Arc::ptr_eq(&old.mesh, &self.mesh) {
            let ports = differing(old.mesh.iter(), self.mesh.iter());
            changes.mesh = ports.into_iter().map(|(id, ..)| id.clone()).collect();
        }
        let backends = differing(old.backends.iter(), self.backends.iter());
        changes.backends = backends.into_iter().map(|(id, ..)| id.clone()).collect();
        if !Arc::ptr_eq(&old.certificates, &self.certificates) {
            let all = differing(old.certificates.iter(), self.certificates.iter());
            changes.certificates = all.into_iter().map(|(id, ..)| id.clone()).collect();
        }
        changes
    }
}

/// A key, and what there is under it before and after.
type Difference<'a, K, T> = (&'a K, Option<&'a Arc<T>>, Option<&'a Arc<T>>);

/// What differs between two sequences in order of their keys.
fn differing<'a, K: Ord, T: Eq>(
    old: impl Iterator<Item = (&'a K, &'a Arc<T>)>,
    new: impl Iterator<Item = (&'a K, &'a Arc<T>)>,
) -> Vec<Difference<'a, K, T>> {
    let (mut old, mut new) = (old.peekable(), new.peekable());
    let mut found = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return found,
        };
        let before = order.is_le().then(|| old.next()).flatten();
        let after = order.is_ge().then(|| new.next()).flatten();
        match (before, after) {
            (Some((_, a)), Some((_, b))) if Arc::ptr_eq(a, b) || a == b => {}
            (Some((key, a)), after) => found.push((key, Some(a), after.map(|(_, b)| b))),
            (None, Some((key, b))) => found.push((key, None, Some(b))),
            (None, None) => {}
        }
    }
}

/// A part of what is served of a route.
#[derive(PartialEq)]
enum Part<'a> {
    Http(Option<&'a Hostname>, &'a Route),
    Stream(Option<&'a Hostname>, &'a StreamRule),
}

/// What `own` serves of each route, hosts that `other` shares with it left out.
fn by_route<'a>(
    own: Option<&'a Listener>,
    other: Option<&Listener>,
) -> BTreeMap<&'a ObjectRef, Vec<Part<'a>>> {
    let mut parts = BTreeMap::<_, Vec<_>>::new();
    for host in unshared_hosts(own, other) {
        for route in &host.routes {
            let delegating = route.rule.chain.iter().map(|rule| &rule.id.route);
            for object in delegating.chain([&route.rule.source.id.route]) {
                let part = Part::Http(host.hostname.as_ref(), route);
                parts.entry(object).or_default().push(part);
            }
        }
    }
    for (name, rule) in own
        .into_iter()
        .flat_map(|listener| streams(&listener.stack))
    {
        let part = Part::Stream(name, rule);
        parts.entry(&rule.source.id.route).or_default().push(part);
    }
    parts
}

/// Hosts that routes have and serve nothing of, as those do that delegate to nobody.
fn without_a_route(listener: Option<&Listener>) -> Vec<Option<&Hostname>> {
    let hosts = listener.into_iter().flat_map(Listener::hosts);
    let bare = hosts.filter(|host| host.routes.is_empty());
    bare.map(|host| host.hostname.as_ref()).collect()
}

/// The settings that hosts have, those left out that `other` shares.
fn host_settings<'a>(
    own: Option<&'a Listener>,
    other: Option<&Listener>,
) -> Vec<(Option<&'a Hostname>, &'a VirtualHostSettings)> {
    let tuned = unshared_hosts(own, other).filter(|host| !is_default(&host.settings));
    tuned
        .map(|host| (host.hostname.as_ref(), &*host.settings))
        .collect()
}

fn unshared_hosts<'a>(
    own: Option<&'a Listener>,
    other: Option<&Listener>,
) -> impl Iterator<Item = &'a Arc<VirtualHost>> + use<'a> {
    let others = other.into_iter().flat_map(Listener::hosts);
    let shared: HashSet<_> = others.map(Arc::as_ptr).collect();
    let hosts = own.into_iter().flat_map(Listener::hosts);
    hosts.filter(move |host| !shared.contains(&Arc::as_ptr(host)))
}

fn streams(stack: &Stack) -> impl Iterator<Item = (Option<&Hostname>, &Arc<StreamRule>)> {
    let (names, rule): (&[ServerName], _) = match stack {
        Stack::Http { .. } | Stack::Https { .. } => (&[], None),
        Stack::TlsPassthrough { names } | Stack::TlsTerminate { names, .. } => (names, None),
        Stack::Tcp { rule } | Stack::Udp { rule } => (&[], rule.as_ref()),
    };
    let named = names
        .iter()
        .map(|name| (name.hostname.as_ref(), &name.rule));
    named.chain(rule.map(|rule| (None, rule)))
}

/// The listener as it would be without a route.
fn without_routes(listener: &Listener) -> Listener {
    let stack = match &listener.stack {
        Stack::Http { .. } => Stack::Http { hosts: vec![] },
        Stack::Https { tls, .. } => Stack::Https {
            tls: tls.clone(),
            hosts: vec![],
        },
        Stack::TlsPassthrough { .. } => Stack::TlsPassthrough { names: vec![] },
        Stack::TlsTerminate { tls, .. } => Stack::TlsTerminate {
            tls: tls.clone(),
            names: vec![],
        },
        Stack::Tcp { .. } => Stack::Tcp { rule: None },
        Stack::Udp { .. } => Stack::Udp { rule: None },
    };
    Listener {
        id: listener.id.clone(),
        source: listener.source.clone(),
        binding: listener.binding.clone(),
        hostname: listener.hostname.clone(),
        settings: Arc::clone(&listener.settings),
        stack,
    }
}
