//! Objects by what they are of: endpoints by Service, ListenerSets by Gateway, policies by target.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{EndpointSlice, Kind, ListenerSet, ObjectRef, Service};

use crate::age::Named;
use crate::gateway::listener_sets::gateway_of;
use crate::policy::{Targeting, target_of};

/// A kind whose objects are looked up by other objects.
pub(crate) trait Indexed: Named {
    /// What this one is looked up by.
    fn keys(&self) -> Vec<ObjectRef>;
}

impl Indexed for EndpointSlice {
    fn keys(&self) -> Vec<ObjectRef> {
        let namespace = self.metadata.namespace.as_str();
        let named = |name| ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
        self.service().map(named).into_iter().collect()
    }
}

impl Indexed for ListenerSet {
    fn keys(&self) -> Vec<ObjectRef> {
        gateway_of(self).into_iter().collect()
    }
}

/// Only what is in a policy's own namespace counts.
impl<P: Targeting> Indexed for P {
    fn keys(&self) -> Vec<ObjectRef> {
        let own = self.meta().namespace.as_str();
        let targets = self.targets().iter();
        let objects = targets.map(|target| target_of(self, target));
        objects.filter(|object| &*object.namespace == own).collect()
    }
}

/// Objects of one kind by their keys, then by namespace and name. A clone shares all until either is changed.
#[derive(Debug)]
pub(crate) struct Index<T>(Arc<BTreeMap<ObjectRef, ByName<T>>>);

type ByName<T> = BTreeMap<(Box<str>, Box<str>), Arc<T>>;

impl<T> Clone for Index<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Indexed> Index<T> {
    /// Adds an object, or takes one away; its keys.
    pub(crate) fn change(&mut self, object: &Arc<T>, change: Change) -> Vec<ObjectRef> {
        let keys = object.keys();
        let all = Arc::make_mut(&mut self.0);
        for key in &keys {
            match change {
                Change::Add => {
                    let named = all.entry(key.clone()).or_default();
                    named.insert(name(&**object), Arc::clone(object));
                }
                Change::Take => {
                    if let Some(named) = all.get_mut(key) {
                        named.remove(&name(&**object));
                        if named.is_empty() {
                            all.remove(key);
                        }
                    }
                }
            }
        }
        keys
    }

    /// The objects that have this key, by namespace and name.
    pub(crate) fn of(&self, key: &ObjectRef) -> impl Iterator<Item = &Arc<T>> + use<'_, T> {
        self.0.get(key).into_iter().flat_map(BTreeMap::values)
    }
}

/// What is done with an object in an index.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// It is there from now on.
    Add,
    /// It is there no more.
    Take,
}

fn name(object: &impl Named) -> (Box<str>, Box<str>) {
    let metadata = object.meta();
    (
        metadata.namespace.as_str().into(),
        metadata.name.as_str().into(),
    )
}
