//! Objects by what they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{EndpointSlice, Kind, ListenerSet, ObjectRef, Service};

use crate::gateway::listener_sets::gateway_of;

/// A kind whose objects each belong to another object.
pub(crate) trait Owned: Kind {
    /// What it belongs to, if it says so.
    fn owner(&self) -> Option<ObjectRef>;
}

impl Owned for EndpointSlice {
    fn owner(&self) -> Option<ObjectRef> {
        let namespace = self.metadata.namespace.as_str();
        let named = |name| ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
        self.service().map(named)
    }
}

impl Owned for ListenerSet {
    fn owner(&self) -> Option<ObjectRef> {
        gateway_of(self)
    }
}

/// Objects of one kind by what they belong to, then by namespace and name. A clone shares all until either
/// is changed.
#[derive(Debug)]
pub(crate) struct ByOwner<T>(Arc<BTreeMap<ObjectRef, Named<T>>>);

type Named<T> = BTreeMap<(Box<str>, Box<str>), Arc<T>>;

impl<T> Clone for ByOwner<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for ByOwner<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Owned> ByOwner<T> {
    /// Puts an object in the place of what it was; the owners for which that makes a difference.
    pub(crate) fn put(&mut self, old: Option<&T>, new: Option<&Arc<T>>) -> BTreeSet<ObjectRef> {
        let mut owners = BTreeSet::new();
        if let Some((old, owner)) = old.and_then(|old| Some((old, old.owner()?))) {
            self.take(&owner, &key(old));
            owners.insert(owner);
        }
        if let Some((new, owner)) = new.and_then(|new| Some((new, new.owner()?))) {
            let all = Arc::make_mut(&mut self.0);
            let own = all.entry(owner.clone()).or_default();
            own.insert(key(&**new), Arc::clone(new));
            owners.insert(owner);
        }
        owners
    }

    fn take(&mut self, owner: &ObjectRef, key: &(Box<str>, Box<str>)) {
        let all = Arc::make_mut(&mut self.0);
        if let Some(own) = all.get_mut(owner) {
            own.remove(key);
            if own.is_empty() {
                all.remove(owner);
            }
        }
    }

    /// The objects that belong to `owner`, by namespace and name.
    pub(crate) fn of(&self, owner: &ObjectRef) -> impl Iterator<Item = &Arc<T>> + use<'_, T> {
        self.0.get(owner).into_iter().flat_map(BTreeMap::values)
    }
}

fn key(object: &impl Kind) -> (Box<str>, Box<str>) {
    let metadata = object.metadata();
    (
        metadata.namespace.as_str().into(),
        metadata.name.as_str().into(),
    )
}
