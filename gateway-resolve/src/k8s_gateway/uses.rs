//! What uses options, and which of them set something.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gateway_model::ObjectRef;

use crate::gateway::ParentFacts;
use crate::reader::{Read, Reader};
use crate::route::RouteFacts;
use crate::tally::Tally;

use super::listeners::AttachedPolicy;

/// What uses options.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// The options that routes or listeners look at, and those that set something for one.
    named: Tally<Use>,
    /// Where others leave nothing to an option: with what has the listeners there.
    beaten: HashMap<ObjectRef, BTreeMap<ObjectRef, Vec<Place>>>,
}

/// That an option is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Use {
    /// Something looks at it.
    LookedAt(ObjectRef),
    /// It sets something.
    Sets(ObjectRef),
}

/// A listener at which others leave nothing to an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its name.
    pub(super) listener: String,
    /// The Gateway that serves it.
    pub(super) gateway: ObjectRef,
    /// These others.
    pub(super) by: Vec<ObjectRef>,
}

impl Uses {
    /// The uses of these routes, and of all that has listeners.
    pub(crate) fn of_all<'a>(
        routes: impl Iterator<Item = &'a RouteFacts>,
        parents: impl Iterator<Item = &'a ParentFacts>,
    ) -> Self {
        let mut uses = Self::default();
        routes.for_each(|route| _ = uses.change_route(None, Some(route)));
        parents.for_each(|parent| _ = uses.change_parent(None, Some(parent)));
        uses
    }

    /// Takes in the options of a route; those that are used otherwise.
    pub(crate) fn change_route(
        &mut self,
        old: Option<&RouteFacts>,
        new: Option<&RouteFacts>,
    ) -> BTreeSet<ObjectRef> {
        self.count(&of_route(old), &of_route(new))
    }

    /// Takes in the options of the listeners of a Gateway or ListenerSet; those that are used otherwise.
    pub(crate) fn change_parent(
        &mut self,
        old: Option<&ParentFacts>,
        new: Option<&ParentFacts>,
    ) -> BTreeSet<ObjectRef> {
        let mut changed = self.count(&of_parent(old), &of_parent(new));
        let (before, mut now) = (places(old), places(new));
        for (option, places) in before {
            if now.get(&option) == Some(&places) {
                now.remove(&option);
                continue;
            }
            let owner = old.map(|old| old.owner.reference());
            if let (Some(of_option), Some(owner)) = (self.beaten.get_mut(&option), owner) {
                of_option.remove(&owner);
                if of_option.is_empty() {
                    self.beaten.remove(&option);
                }
            }
            changed.insert(option);
        }
        for (option, places) in now {
            let owner = new.map(|new| new.owner.reference());
            let of_option = self.beaten.entry(option.clone()).or_default();
            of_option.extend(owner.map(|owner| (owner, places)));
            changed.insert(option);
        }
        changed
    }

    fn count(&mut self, before: &BTreeSet<Use>, now: &BTreeSet<Use>) -> BTreeSet<ObjectRef> {
        let added = now.difference(before);
        let added = added.filter(|one| self.named.add(one));
        let mut changed: BTreeSet<_> = added.map(Use::option).cloned().collect();
        let gone = before.difference(now).filter(|one| self.named.take(one));
        changed.extend(gone.map(Use::option).cloned());
        changed
    }

    /// What uses one option.
    pub(super) fn of<'a>(&'a self, option: &ObjectRef, reader: &Reader<'_>) -> UsesOfOne<'a> {
        reader.record(|| Read::Users(option.clone()));
        let beaten = self.beaten.get(option).into_iter();
        UsesOfOne {
            is_looked_at: self.named.has(&Use::LookedAt(option.clone())),
            sets: self.named.has(&Use::Sets(option.clone())),
            beaten: beaten.flat_map(BTreeMap::values).flatten().collect(),
        }
    }
}

/// What uses one option.
pub(super) struct UsesOfOne<'a> {
    pub(super) is_looked_at: bool,
    pub(super) sets: bool,
    /// Where others leave nothing to it.
    pub(super) beaten: Vec<&'a Place>,
}

impl Use {
    fn option(&self) -> &ObjectRef {
        match self {
            Self::LookedAt(option) | Self::Sets(option) => option,
        }
    }
}

fn of_route(facts: Option<&RouteFacts>) -> BTreeSet<Use> {
    let Some(facts) = facts else {
        return BTreeSet::new();
    };
    let (set, looked_at) = facts.rules.policies();
    let set = set.into_iter().map(|source| &source.object);
    let looked_at = looked_at.into_iter().cloned().map(Use::LookedAt);
    set.cloned().map(Use::Sets).chain(looked_at).collect()
}

fn attached(facts: Option<&ParentFacts>) -> impl Iterator<Item = (&str, &AttachedPolicy)> {
    let listeners = facts.into_iter().flat_map(|facts| &facts.listeners);
    listeners.flat_map(|listener| {
        let attached = listener.policies.attached.iter();
        attached.map(|one| (listener.facts.id.name.as_str(), one))
    })
}

fn of_parent(facts: Option<&ParentFacts>) -> BTreeSet<Use> {
    let uses = attached(facts).flat_map(|(_, AttachedPolicy { policy, beaten_by })| {
        let sets = beaten_by.is_empty().then(|| Use::Sets(policy.clone()));
        std::iter::once(Use::LookedAt(policy.clone())).chain(sets)
    });
    uses.collect()
}

/// Where others leave nothing to options.
fn places(facts: Option<&ParentFacts>) -> BTreeMap<ObjectRef, Vec<Place>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let Some(gateway) = facts.map(|facts| &facts.gateway.reference) else {
        return places;
    };
    for (listener, AttachedPolicy { policy, beaten_by }) in attached(facts) {
        if !beaten_by.is_empty() {
            places.entry(policy.clone()).or_default().push(Place {
                listener: listener.to_owned(),
                gateway: gateway.clone(),
                by: beaten_by.clone(),
            });
        }
    }
    places
}
