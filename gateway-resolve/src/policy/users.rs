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

/// The Gateways whose routes lead to each backend, used or not, and those that serve the rules of each route.
#[derive(Debug, Default)]
pub(crate) struct Users(HashMap<ObjectRef, Tally<(Option<BackendId>, Ancestor)>>);

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
        let (used_before, used) = (uses(old), uses(new));
        if before == now && used_before == used {
            return changed;
        }
        // What is new goes first: what stays is named all the time.
        for (used, ancestors, is_new) in [(&used, &now, true), (&used_before, &before, false)] {
            for (object, id) in used {
                for ancestor in ancestors {
                    if self.count(object, &(id.cloned(), ancestor.clone()), is_new) {
                        changed.insert((*object).clone());
                    }
                }
            }
        }
        changed
    }

    fn count(
        &mut self,
        object: &ObjectRef,
        use_: &(Option<BackendId>, Ancestor),
        is_new: bool,
    ) -> bool {
        if is_new {
            return self.0.entry(object.clone()).or_default().add(use_);
        }
        let Some(uses) = self.0.get_mut(object) else {
            return false;
        };
        let is_last = uses.take(use_);
        if uses.is_empty() {
            self.0.remove(object);
        }
        is_last
    }

    /// The backends of an object, each with a Gateway that uses it; none where the object is a route.
    pub(crate) fn of(
        &self,
        object: &ObjectRef,
        reader: &Reader<'_>,
    ) -> impl Iterator<Item = &(Option<BackendId>, Ancestor)> {
        reader.record(|| Read::Users(object.clone()));
        self.0.get(object).into_iter().flat_map(Tally::keys)
    }
}

fn ancestors(facts: Option<&RouteFacts>) -> BTreeSet<Ancestor> {
    facts.into_iter().flat_map(RouteFacts::gateways).collect()
}

/// What a route leads to: backends, and the routes whose rules are served by it.
fn uses(facts: Option<&RouteFacts>) -> BTreeSet<(&ObjectRef, Option<&BackendId>)> {
    let backends = facts.into_iter().flat_map(|facts| &facts.backends);
    let backends = backends.filter(|id| id.transport.is_tcp());
    let routes = facts.into_iter().flat_map(RouteFacts::sources);
    let backends = backends.map(|id| (&id.object, Some(id)));
    backends.chain(routes.map(|route| (route, None))).collect()
}
