//! Who uses backends.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gateway_model::ObjectRef;

use crate::ir::BackendId;
use crate::reader::{Read, Reader};
use crate::route::RouteFacts;
use crate::tally::Tally;

/// A Gateway, and the controller that its status is written for.
pub(crate) type Ancestor = (ObjectRef, Arc<str>);

/// The Gateways whose routes lead to each backend, used or not.
#[derive(Debug, Default)]
pub(crate) struct Users(HashMap<ObjectRef, Tally<(BackendId, Ancestor)>>);

impl Users {
    /// The users of these routes.
    pub(crate) fn of_all<'a>(routes: impl Iterator<Item = &'a RouteFacts>) -> Self {
        let mut users = Self::default();
        for route in routes {
            users.change(None, Some(route));
        }
        users
    }

    /// Takes in what a route leads to now; the objects that are used otherwise.
    pub(crate) fn change(
        &mut self,
        old: Option<&RouteFacts>,
        new: Option<&RouteFacts>,
    ) -> BTreeSet<ObjectRef> {
        let mut changed = BTreeSet::new();
        let (before, now) = (ancestors(old), ancestors(new));
        if before == now && old.map(|old| &old.backends) == new.map(|new| &new.backends) {
            return changed;
        }
        // What is new goes first: what stays is named all the time.
        for (facts, ancestors, is_new) in [(new, &now, true), (old, &before, false)] {
            let backends = facts.into_iter().flat_map(|facts| &facts.backends);
            for id in backends.filter(|id| id.transport.is_tcp()) {
                for ancestor in ancestors {
                    if self.count((id.clone(), ancestor.clone()), is_new) {
                        changed.insert(id.object.clone());
                    }
                }
            }
        }
        changed
    }

    fn count(&mut self, use_: (BackendId, Ancestor), is_new: bool) -> bool {
        let object = &use_.0.object;
        if is_new {
            return self.0.entry(object.clone()).or_default().add(&use_);
        }
        let Some(uses) = self.0.get_mut(object) else {
            return false;
        };
        let is_last = uses.take(&use_);
        if uses.is_empty() {
            self.0.remove(object);
        }
        is_last
    }

    /// The backends of an object, each with a Gateway that uses it.
    pub(crate) fn of(
        &self,
        object: &ObjectRef,
        reader: &Reader<'_>,
    ) -> impl Iterator<Item = &(BackendId, Ancestor)> {
        reader.record(|| Read::Users(object.clone()));
        self.0.get(object).into_iter().flat_map(Tally::keys)
    }
}

fn ancestors(facts: Option<&RouteFacts>) -> BTreeSet<Ancestor> {
    facts.into_iter().flat_map(RouteFacts::gateways).collect()
}
