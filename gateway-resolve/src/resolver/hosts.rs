//! What is behind the names of listeners, each made again when its routes change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{Hostname, ObjectRef};

use crate::behind::Behind;
use crate::ir::ListenerId;
use crate::route::RouteFacts;

type Facts = Arc<RouteFacts>;

/// The names of all listeners, served or not.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    listeners: BTreeMap<Arc<ListenerId>, BTreeMap<Option<Hostname>, Host>>,
    dirty: BTreeSet<(Arc<ListenerId>, Option<Hostname>)>,
}

#[derive(Debug, Default)]
struct Host {
    routes: BTreeMap<ObjectRef, Facts>,
    built: Option<Behind>,
}

impl Hosts {
    /// Puts a route where it is now, and takes it from where it was. One that serves the same as before
    /// stays as it is.
    pub(super) fn change(&mut self, old: Option<&Facts>, new: Option<&Facts>) {
        if let (Some(old), Some(new)) = (old, new)
            && old.serves_as(new)
        {
            return;
        }
        for (facts, is_new) in [(old, false), (new, true)] {
            let Some(facts) = facts else { continue };
            for (listener, hostname) in facts.hosts() {
                let of_listener = self.listeners.entry(Arc::clone(listener)).or_default();
                let host = of_listener.entry(hostname.clone()).or_default();
                match is_new {
                    true => host
                        .routes
                        .insert(facts.reference().clone(), Arc::clone(facts)),
                    false => host.routes.remove(facts.reference()),
                };
                self.dirty.insert((Arc::clone(listener), hostname.clone()));
            }
        }
    }

    /// Makes the hosts anew whose routes have changed; the listeners that have other hosts than before.
    pub(super) fn rebuild(&mut self) -> BTreeSet<Arc<ListenerId>> {
        let mut changed = BTreeSet::new();
        for (listener, hostname) in std::mem::take(&mut self.dirty) {
            let Some(of_listener) = self.listeners.get_mut(&listener) else {
                continue;
            };
            if let Some(host) = of_listener.get_mut(&hostname) {
                let routes = host.routes.values().map(|facts| &**facts);
                let built = Behind::new(&listener, hostname.clone(), routes);
                let is_same = host.built.as_ref() == Some(&built);
                if host.routes.is_empty() {
                    of_listener.remove(&hostname);
                } else if is_same {
                    continue;
                } else {
                    host.built = Some(built);
                }
            }
            if of_listener.is_empty() {
                self.listeners.remove(&listener);
            }
            changed.insert(listener);
        }
        changed
    }

    /// What is behind a listener.
    pub(super) fn of(&self, listener: &ListenerId) -> impl Iterator<Item = Behind> + '_ {
        let hosts = self.listeners.get(listener).into_iter();
        let hosts = hosts.flat_map(BTreeMap::values);
        hosts.filter_map(|host| host.built.clone())
    }
}
