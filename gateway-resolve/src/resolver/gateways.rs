//! The passes over classes and Gateways: those that have to be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{GatewayClass, Kind, ObjectRef};

use crate::gateway::ParentFacts;
use crate::gateway::alone::{GatewayFacts, alone};
use crate::gateway::classes::{Class, classes};
use crate::gateway::conflicts::{claim_alike, conflicts};
use crate::reader::Read;

use super::dependents::Unit;
use super::turn::Turn;
use super::{Known, Work};

/// The Gateways that are others now, with what they were.
type Changed = BTreeMap<ObjectRef, Option<Arc<GatewayFacts>>>;

type Parents = BTreeMap<ObjectRef, Arc<ParentFacts>>;

impl Turn<'_> {
    /// Looks at classes and Gateways again, and finds out for whom that makes a difference.
    pub(super) fn gateways(&mut self, work: &mut Work) {
        self.classes(work);
        let changed = self.alone(work);
        if changed.is_empty() {
            return;
        }
        let dependents = &self.resolver.dependents;
        let is_read = |secret: &ObjectRef| dependents.has(&Read::Object(secret.clone()));
        self.resolver.certificates.retain(is_read);
        let is_shared = self.config.default_is_shared;
        let known = &mut self.resolver.known;
        let affected = known.conflict(&changed, is_shared);
        let before = known.replace_parents(&affected, &changed);
        self.tell(&before, &affected, work);
    }

    fn classes(&mut self, work: &mut Work) {
        if !work.units.contains(&Unit::Classes) {
            return;
        }
        let reader = self.reader.recording();
        let served = classes(&reader, self.config);
        let objects = served.objects();
        let of_class = |(object, class): (&Arc<GatewayClass>, &Class)| {
            (object.reference(), (Arc::clone(object), class.clone()))
        };
        let now: BTreeMap<_, _> = objects.map(of_class).collect();
        let known = &mut self.resolver.known;
        let before = std::mem::replace(&mut known.classes, now);
        let reports = before.keys().chain(known.classes.keys());
        work.units.extend(reports.cloned().map(Unit::Report));
        let reads = reader.into_reads();
        self.resolver.dependents.set(Unit::Classes, reads);
    }

    /// Looks at Gateways again, each without the others.
    fn alone(&mut self, work: &Work) -> Changed {
        let classes = classes(&self.reader, self.config);
        let mut changed = Changed::new();
        for unit in &work.units {
            let Unit::Gateway(object) = unit else {
                continue;
            };
            let reader = self.reader.recording();
            let gateways = self.snapshot.gateways();
            let gateway = gateways.get(&object.namespace, &object.name);
            let pairs = &self.resolver.certificates;
            let new = gateway.and_then(|gateway| {
                let facts = alone(gateway, &reader, &classes, self.config, pairs)?;
                Some(Arc::new(facts))
            });
            let reads = reader.into_reads();
            self.resolver.dependents.set(unit.clone(), reads);
            let known = &mut self.resolver.known.gateways;
            if known.get(object) != new.as_ref() {
                let old = match new {
                    Some(new) => known.insert(object.clone(), new),
                    None => known.remove(object),
                };
                changed.insert(object.clone(), old);
            }
        }
        changed
    }

    /// Has all look again for whom the parents of Gateways are others than `before`.
    fn tell(&mut self, before: &Parents, affected: &BTreeSet<ObjectRef>, work: &mut Work) {
        let known = &mut self.resolver.known;
        let gateways = affected.iter().filter_map(|one| known.gateways.get(one));
        let owners = gateways.flat_map(|facts| &facts.merged.owners);
        let mut objects: BTreeSet<_> = owners.map(|owner| owner.reference()).collect();
        objects.extend(before.keys().cloned());
        for object in objects {
            let versions = [before.get(&object), known.parents.get(&object)];
            if versions[0] == versions[1] {
                continue;
            }
            work.parents = true;
            let listeners = versions.iter().flatten().flat_map(|one| &one.listeners);
            let listeners = listeners.map(|listener| Arc::clone(&listener.facts.id));
            work.listeners.extend(listeners);
            let was_default = known.points.is_default(&object);
            if known.points.put(&object, versions[1].map(|now| &**now)) {
                let routes = self.resolver.dependents.of(&Read::Parent(object.clone()));
                work.units.extend(routes);
            }
            if known.points.is_default(&object) != was_default {
                let routes = self.resolver.dependents.of(&Read::DefaultParents);
                work.units.extend(routes);
            }
            #[cfg(feature = "k8s-gateway")]
            for option in known.uses.change_parent(
                versions[0].map(|before| &**before),
                versions[1].map(|now| &**now),
            ) {
                work.units
                    .extend(self.resolver.dependents.of(&Read::Users(option)));
            }
            work.units.insert(Unit::Report(object));
        }
    }
}

impl Known {
    /// Finds the conflicts again, if others are possible; the Gateways that changed or have others.
    fn conflict(&mut self, changed: &Changed, default_is_shared: bool) -> BTreeSet<ObjectRef> {
        let mut affected: BTreeSet<_> = changed.keys().cloned().collect();
        let is_alike = |(object, old): (&ObjectRef, &Option<Arc<GatewayFacts>>)| {
            let new = self.gateways.get(object).map(|new| &**new);
            claim_alike(old.as_deref(), new)
        };
        if changed.iter().all(is_alike) {
            return affected;
        }
        let gateways = self.gateways.values().map(|facts| &**facts);
        let now = conflicts(gateways, default_is_shared);
        let before = std::mem::replace(&mut self.conflicts, now);
        let gateways = before.keys().chain(self.conflicts.keys());
        let others = gateways.filter(|one| before.get(*one) != self.conflicts.get(*one));
        affected.extend(others.cloned());
        affected
    }

    /// Puts the parents of Gateways in the place of those that they had; these.
    fn replace_parents(&mut self, affected: &BTreeSet<ObjectRef>, changed: &Changed) -> Parents {
        let mut before = Parents::new();
        for gateway in affected {
            let old = match changed.get(gateway) {
                Some(old) => old.as_ref(),
                None => self.gateways.get(gateway),
            };
            let owners = old.into_iter().flat_map(|facts| &facts.merged.owners);
            let gone = owners.filter_map(|owner| self.parents.remove_entry(&owner.reference()));
            before.extend(gone);
        }
        for gateway in affected {
            if let Some(facts) = self.gateways.get(gateway) {
                let parents = facts.beside(self.conflicts.get(gateway));
                let parents = parents.map(|facts| (facts.owner.reference(), facts));
                self.parents.extend(parents);
            }
        }
        before
    }
}
