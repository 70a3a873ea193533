//! What is behind the names of listeners and Services, each made again when its routes change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::ObjectRef;

use crate::behind::Behind;
use crate::route::RouteFacts;
use crate::route::place::{Name, Place};
use crate::route::rivals::{KeptOff, Precedence, kept_off};

type Facts = Arc<RouteFacts>;

/// The names at all places, served or not.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    places: BTreeMap<Place, AtPlace>,
    dirty: BTreeSet<(Place, Name)>,
    /// Where others may be kept off than before.
    contested: BTreeSet<Place>,
}

#[derive(Debug, Default)]
struct AtPlace {
    names: BTreeMap<Name, Host>,
    /// How many routes there are of each kind.
    kinds: BTreeMap<Precedence, usize>,
    kept_off: KeptOff,
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
            for place in facts.places() {
                let at_place = self.places.entry(place.clone()).or_default();
                at_place.count(facts, is_new);
                self.contested.insert(place.clone());
            }
            for (place, name) in facts.hosts() {
                let at_place = self.places.entry(place.clone()).or_default();
                let host = at_place.names.entry(name.clone()).or_default();
                match is_new {
                    true => host
                        .routes
                        .insert(facts.reference().clone(), Arc::clone(facts)),
                    false => host.routes.remove(facts.reference()),
                };
                self.dirty.insert((place.clone(), name.clone()));
            }
        }
    }

    /// Finds out again who is kept off where routes have changed; the routes for which that makes a difference.
    pub(super) fn contest(&mut self) -> BTreeSet<ObjectRef> {
        let mut changed = BTreeSet::new();
        for place in std::mem::take(&mut self.contested) {
            if let Some(at_place) = self.places.get_mut(&place) {
                changed.extend(at_place.contest(&place));
            }
        }
        changed
    }

    /// Who is kept off where is known of all routes.
    pub(super) fn settled(&mut self) {
        self.contested.clear();
    }

    /// The route that keeps another off a place.
    pub(super) fn rival(&self, place: &Place, route: &ObjectRef) -> Option<Arc<ObjectRef>> {
        self.places.get(place)?.kept_off.get(route).cloned()
    }

    /// Makes the hosts anew whose routes have changed; the places that have other hosts than before.
    pub(super) fn rebuild(&mut self) -> BTreeSet<Place> {
        let mut changed = BTreeSet::new();
        for (place, name) in std::mem::take(&mut self.dirty) {
            let Some(at_place) = self.places.get_mut(&place) else {
                continue;
            };
            let has_changed = at_place.rebuild(&place, &name);
            if at_place.names.is_empty() {
                self.places.remove(&place);
            }
            if has_changed {
                changed.insert(place);
            }
        }
        changed
    }

    /// What is behind the names at a place.
    pub(super) fn of(&self, place: &Place) -> impl Iterator<Item = (Name, Behind)> + '_ {
        let at_place = self.places.get(place).into_iter();
        let hosts = at_place.flat_map(|at_place| &at_place.names);
        hosts.filter_map(|(name, host)| Some((name.clone(), host.built.clone()?)))
    }
}

impl AtPlace {
    fn count(&mut self, route: &RouteFacts, is_new: bool) {
        let kind = Precedence::of(route);
        let count = self.kinds.entry(kind).or_default();
        match is_new {
            true => *count += 1,
            false => *count -= 1,
        }
        if *count == 0 {
            self.kinds.remove(&kind);
        }
    }

    /// Finds out again who is kept off; the routes for which that makes a difference.
    fn contest(&mut self, place: &Place) -> BTreeSet<ObjectRef> {
        let is_shared = self.kinds.len() > 1;
        let routes = self.names.values().filter(|_| is_shared);
        let routes = routes.flat_map(|host| &host.routes);
        let routes: BTreeMap<_, _> = routes.map(|(object, facts)| (object, &**facts)).collect();
        let now = kept_off(place, &routes.into_values().collect::<Vec<_>>());
        let before = std::mem::replace(&mut self.kept_off, now);
        let all = before.keys().chain(self.kept_off.keys());
        let changed = all.filter(|route| before.get(*route) != self.kept_off.get(*route));
        changed.cloned().collect()
    }

    /// Makes a host anew; says whether it is another than before.
    fn rebuild(&mut self, place: &Place, name: &Name) -> bool {
        let Some(host) = self.names.get_mut(name) else {
            return false;
        };
        let routes = host.routes.values().map(|facts| &**facts);
        let mut routes = routes.filter(|facts| !facts.is_kept_off(place)).peekable();
        let is_served = routes.peek().is_some();
        let built = is_served.then(|| Behind::new(place, name, routes));
        let before = std::mem::replace(&mut host.built, built);
        let has_changed = host.built != before;
        if host.routes.is_empty() {
            self.names.remove(name);
        } else if !has_changed {
            // What is the same stays the same, part by part.
            host.built = before;
        }
        has_changed
    }
}
