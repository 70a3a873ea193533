//! Policies by what they are for.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::ObjectRef;

use super::{Targeting, target_of};

/// Policies of one kind by what they are for, then by name. A clone shares all until either is changed.
#[derive(Debug)]
pub(crate) struct ByTarget<P>(Arc<BTreeMap<ObjectRef, Named<P>>>);

type Named<P> = BTreeMap<Box<str>, Arc<P>>;

impl<P> Clone for ByTarget<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> Default for ByTarget<P> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<P: Targeting> ByTarget<P> {
    /// Puts a policy in the place of the one that had its name until now.
    pub(crate) fn replace(&mut self, known: Option<&Arc<P>>, policy: &Arc<P>) {
        if let Some(known) = known {
            self.take(known);
        }
        self.add(policy);
    }

    pub(crate) fn add(&mut self, policy: &Arc<P>) {
        let targets = Arc::make_mut(&mut self.0);
        for object in own_targets(&**policy) {
            let named = targets.entry(object).or_default();
            named.insert(policy.metadata().name.as_str().into(), Arc::clone(policy));
        }
    }

    pub(crate) fn take(&mut self, policy: &P) {
        let targets = Arc::make_mut(&mut self.0);
        for object in own_targets(policy) {
            if let Some(named) = targets.get_mut(&object) {
                named.remove(policy.metadata().name.as_str());
                if named.is_empty() {
                    targets.remove(&object);
                }
            }
        }
    }

    /// The policies that are for an object or a section of it, by name.
    pub(crate) fn of(&self, object: &ObjectRef) -> impl Iterator<Item = &Arc<P>> + use<'_, P> {
        self.0.get(object).into_iter().flat_map(BTreeMap::values)
    }
}

/// What a policy is for in its own namespace.
pub(crate) fn own_targets<P: Targeting>(policy: &P) -> impl Iterator<Item = ObjectRef> {
    let own = policy.metadata().namespace.as_str();
    let targets = policy.targets().iter();
    let objects = targets.map(|target| target_of(policy, target));
    objects.filter(move |object| &*object.namespace == own)
}
