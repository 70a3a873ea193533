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
    /// The options that routes or listeners look at.
    looked_at: Tally<ObjectRef>,
    /// Those that set something for one.
    setting: Tally<ObjectRef>,
    /// Where others leave nothing to an option: with what has the listeners there.
    beaten: HashMap<ObjectRef, BTreeMap<ObjectRef, Vec<Place>>>,
}

/// The options that one thing uses.
#[derive(Debug, Default)]
struct Used<'a> {
    /// It looks at them.
    looked_at: BTreeSet<&'a ObjectRef>,
    /// They set something for it.
    setting: BTreeSet<&'a ObjectRef>,
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
        let none = Used::default();
        routes.for_each(|route| uses.count(&none, &of_route(Some(route)), &mut |_| {}));
        parents.for_each(|parent| _ = uses.change_parent(None, Some(parent)));
        uses
    }

    /// Takes in the options of a route; those that are used otherwise.
    pub(crate) fn change_route(
        &mut self,
        old: Option<&RouteFacts>,
        new: Option<&RouteFacts>,
    ) -> BTreeSet<ObjectRef> {
        self.changed(&of_route(old), &of_route(new))
    }

    /// Takes in the options of the listeners of a Gateway or ListenerSet; those that are used otherwise.
    pub(crate) fn change_parent(
        &mut self,
        old: Option<&ParentFacts>,
        new: Option<&ParentFacts>,
    ) -> BTreeSet<ObjectRef> {
        let mut changed = self.changed(&of_parent(old), &of_parent(new));
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

    /// Counts; what is used otherwise than before.
    fn changed(&mut self, before: &Used<'_>, now: &Used<'_>) -> BTreeSet<ObjectRef> {
        let mut changed = BTreeSet::new();
        self.count(before, now, &mut |option| {
            _ = changed.insert(option.clone());
        });
        changed
    }

    fn count(&mut self, before: &Used<'_>, now: &Used<'_>, changed: &mut dyn FnMut(&ObjectRef)) {
        let looked_at = (&before.looked_at, &now.looked_at);
        count(&mut self.looked_at, looked_at, changed);
        count(&mut self.setting, (&before.setting, &now.setting), changed);
    }

    /// What uses one option.
    pub(super) fn of<'a>(&'a self, option: &ObjectRef, reader: &Reader<'_>) -> UsesOfOne<'a> {
        reader.record(|| Read::Users(option.clone()));
        let beaten = self.beaten.get(option).into_iter();
        UsesOfOne {
            is_looked_at: self.looked_at.has(option),
            sets: self.setting.has(option),
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

/// Counts what is used now in the place of what was before; calls `changed` with what is used no more, or anew.
fn count(
    tally: &mut Tally<ObjectRef>,
    (before, now): (&BTreeSet<&ObjectRef>, &BTreeSet<&ObjectRef>),
    changed: &mut dyn FnMut(&ObjectRef),
) {
    let added = now.difference(before).copied();
    added
        .filter(|option| tally.add(option))
        .for_each(&mut *changed);
    let gone = before.difference(now).copied();
    gone.filter(|option| tally.take(option)).for_each(changed);
}

fn of_route(facts: Option<&RouteFacts>) -> Used<'_> {
    let Some(facts) = facts else {
        return Used::default();
    };
    let (set, looked_at) = facts.rules.policies();
    Used {
        looked_at: looked_at.into_iter().collect(),
        setting: set.into_iter().map(|source| &source.object).collect(),
    }
}

fn attached(facts: Option<&ParentFacts>) -> impl Iterator<Item = (&str, &AttachedPolicy)> + Clone {
    let listeners = facts.into_iter().flat_map(|facts| &facts.listeners);
    listeners.flat_map(|listener| {
        let attached = listener.policies.attached.iter();
        attached.map(|one| (listener.facts.id.name.as_str(), one))
    })
}

fn of_parent(facts: Option<&ParentFacts>) -> Used<'_> {
    let all = attached(facts).map(|(_, attached)| attached);
    let setting = all.clone().filter(|one| one.beaten_by.is_empty());
    Used {
        looked_at: all.map(|one| &one.policy).collect(),
        setting: setting.map(|one| &one.policy).collect(),
    }
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
