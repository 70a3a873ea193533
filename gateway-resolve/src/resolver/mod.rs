//! Resolution that costs what has changed.
//!
//! [`resolve`](crate::resolve) says what comes of a snapshot. A [`Resolver`] comes to the same, and keeps
//! what its passes returned: given the next version of a snapshot, it does those again that have read
//! what is new. A pass can read only by a [`Reader`], which records what it read, so that none is missed.

mod dependents;
mod hosts;
mod served;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, Gateway, GatewayClass, Kind, ObjectRef, ReferenceGrant, Timestamp,
};

use crate::emit::listener;
use crate::gateway::classes::{Class, classes};
use crate::gateway::{GatewayFacts, gateways};
use crate::grants::{Grants, grants};
use crate::ir::{BackendId, Ir, ListenerId};
use crate::journal::{Mark, Touched};
use crate::reader::{Read, Reader};
use crate::route::backends::backend;
use crate::route::parents::Parents;
use crate::route::patterns::Patterns;
use crate::route::{RouteFacts, is_route, names, route};
use crate::status::policy;
use crate::status::report::{Report, of_class, of_gateway, of_route};
use crate::{Config, Snapshot, Statuses};

use dependents::{Dependents, Unit};
use hosts::Hosts;
use served::{Served, certificates, has_others};

/// Resolves one version of a snapshot after the other.
///
/// What it returns equals what [`resolve`](crate::resolve) does, at the cost of what has changed since the
/// version before. The first version, one with another configuration, and one that did not come of the
/// version before by [inserting](Snapshot::insert) and [removing](Snapshot::remove), or by too many of
/// these, costs as much as a whole resolution.
#[derive(Debug, Default)]
pub struct Resolver {
    /// What was resolved last.
    last: Option<Last>,
    patterns: Patterns,
    known: Known,
    dependents: Dependents,
    resolved: Resolved,
    /// The Gateways with listeners that the data plane could not serve.
    pub(crate) unserved: BTreeSet<ObjectRef>,
}

/// What was resolved last.
#[derive(Debug)]
struct Last {
    config: Config,
    mark: Mark,
    now: Timestamp,
}

/// What a version of a snapshot comes to, and in what it differs from the version before.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Resolved {
    /// What the data plane is to serve; the same `Arc` as before when nothing of it has changed.
    pub ir: Arc<Ir>,
    /// What to tell the authors of the resources; the same `Arc` as before when nothing has changed.
    pub statuses: Arc<Statuses>,
    /// The backends that were added, removed, or have other endpoints.
    pub backends: BTreeSet<BackendId>,
    /// The listeners that were added, removed, or have other rules.
    pub listeners: BTreeSet<ListenerId>,
    /// The resources of which something else is said.
    pub restated: BTreeSet<ObjectRef>,
}

/// What the passes have found out.
#[derive(Debug, Default)]
struct Known {
    grants: Grants,
    classes: BTreeMap<ObjectRef, (Arc<GatewayClass>, Class)>,
    gateways: BTreeMap<ObjectRef, Arc<GatewayFacts>>,
    parents: Parents,
    routes: HashMap<ObjectRef, Arc<RouteFacts>>,
    /// The policies of which something is said.
    policies: BTreeSet<ObjectRef>,
    /// How many routes each listener has that are accepted.
    attached: HashMap<Arc<ListenerId>, i32>,
    hosts: Hosts,
    served: Served,
}

impl Known {
    /// Counts a route that a listener has now, or has no more.
    fn count(&mut self, listener: &Arc<ListenerId>, is_new: bool) {
        let count = self.attached.entry(Arc::clone(listener)).or_default();
        *count += if is_new { 1 } else { -1 };
        if *count == 0 {
            self.attached.remove(listener);
        }
    }
}

/// What is to be done in one turn.
#[derive(Debug, Default)]
struct Work {
    units: BTreeSet<Unit>,
    listeners: BTreeSet<Arc<ListenerId>>,
    /// What was resolved before, where everything is done again.
    earlier: Resolved,
}

impl Resolver {
    /// A resolver that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Resolves `snapshot`.
    pub fn resolve(&mut self, snapshot: &Snapshot, config: &Config, now: Timestamp) -> Resolved {
        let mut work = self.begin(snapshot, config, now);
        let grants = std::mem::take(&mut self.known.grants);
        let mut turn = Turn {
            reader: Reader::new(snapshot, &grants, now),
            snapshot,
            config,
            statuses: Statuses::clone(&self.resolved.statuses),
            restated: BTreeSet::new(),
            resolver: self,
        };
        turn.gateways(&mut work);
        turn.routes(&mut work);
        let mut listeners = turn.listeners(&mut work);
        let (ir, mut backends) = turn.ir(&work);
        turn.reports(&work);
        turn.policies(&work);
        let Turn {
            statuses,
            mut restated,
            ..
        } = turn;
        let Resolved {
            ir: earlier,
            statuses: said,
            ..
        } = work.earlier;
        listeners.extend(
            earlier
                .listeners()
                .iter()
                .map(|listener| listener.id.clone()),
        );
        backends.extend(earlier.backends().keys().cloned());
        restated.extend(said.iter().map(|(object, _)| object.clone()));
        self.patterns.forget_unused();
        self.known.grants = grants;
        self.resolved = Resolved {
            ir: ir.map_or_else(|| Arc::clone(&self.resolved.ir), Arc::new),
            statuses: match restated.is_empty() {
                true => Arc::clone(&self.resolved.statuses),
                false => Arc::new(statuses),
            },
            backends,
            listeners,
            restated,
        };
        self.resolved.clone()
    }

    /// What has to be done, since it is new or has read what is.
    fn begin(&mut self, snapshot: &Snapshot, config: &Config, now: Timestamp) -> Work {
        let last = self.last.take();
        let same = last.filter(|last| last.config == *config);
        let touched = same
            .as_ref()
            .and_then(|last| snapshot.touched_since(&last.mark));
        let mut work = Work::default();
        match touched {
            Some(touched) => {
                for touched in touched {
                    self.touch(touched, snapshot, &mut work.units);
                }
            }
            None => self.start(snapshot, &mut work),
        }
        if same.as_ref().is_some_and(|last| last.now != now) {
            work.units.extend(self.dependents.of(&Read::Clock));
        }
        self.last = Some(Last {
            config: same.map_or_else(|| config.clone(), |last| last.config),
            mark: snapshot.mark(),
            now,
        });
        work
    }

    /// Starts afresh; patterns are the same for ever.
    fn start(&mut self, snapshot: &Snapshot, work: &mut Work) {
        self.known = Known {
            grants: grants(snapshot),
            ..Known::default()
        };
        self.dependents = Dependents::default();
        work.earlier = std::mem::take(&mut self.resolved);
        work.units.insert(Unit::Gateways);
        work.units.insert(Unit::Policies);
        work.units.extend(names(snapshot).map(Unit::Route));
    }

    fn touch(&mut self, touched: &Touched, snapshot: &Snapshot, units: &mut BTreeSet<Unit>) {
        let object = match touched {
            Touched::Slices(service) => {
                units.extend(self.dependents.of(&Read::Slices(service.clone())));
                return;
            }
            Touched::Object(object) => object,
        };
        units.extend(self.dependents.of(&Read::Object(object.clone())));
        if is_route(object) {
            units.insert(Unit::Route(object.clone()));
        }
        match &*object.kind {
            GatewayClass::KIND => units.extend(self.dependents.of(&Read::All(GatewayClass::KIND))),
            Gateway::KIND => units.extend(self.dependents.of(&Read::All(Gateway::KIND))),
            BackendTlsPolicy::KIND => {
                units.extend(self.dependents.of(&Read::All(BackendTlsPolicy::KIND)));
            }
            ReferenceGrant::KIND => {
                self.known.grants.read(snapshot, &object.namespace);
                let grants = Read::Grants(object.namespace.clone());
                units.extend(self.dependents.of(&grants));
            }
            _ => {}
        }
    }
}

/// One turn of a resolver.
struct Turn<'a> {
    resolver: &'a mut Resolver,
    reader: Reader<'a>,
    snapshot: &'a Snapshot,
    config: &'a Config,
    statuses: Statuses,
    restated: BTreeSet<ObjectRef>,
}

impl Turn<'_> {
    /// Does the passes over Gateways again, and finds out for whom that makes a difference.
    fn gateways(&mut self, work: &mut Work) {
        if !work.units.contains(&Unit::Gateways) {
            return;
        }
        let reader = self.reader.recording();
        let served = classes(&reader, self.config);
        let facts = gateways(&reader, &served, self.config);
        let known = &mut self.resolver.known;
        let parents = Parents::new(&facts);
        for gateway in parents.differing(&known.parents) {
            let routes = self.resolver.dependents.of(&Read::Parent(gateway.clone()));
            work.units.extend(routes);
        }
        known.parents = parents;
        let objects = served.objects();
        let of_class = |(object, class): (&Arc<GatewayClass>, &Class)| {
            (object.reference(), (Arc::clone(object), class.clone()))
        };
        let classes: BTreeMap<_, _> = objects.map(of_class).collect();
        let classes = std::mem::replace(&mut known.classes, classes);
        let reports = classes.keys().chain(known.classes.keys());
        work.units.extend(reports.cloned().map(Unit::Report));
        self.replace_gateways(facts, work);
        self.resolver
            .dependents
            .set(Unit::Gateways, reader.into_reads());
    }

    fn replace_gateways(&mut self, facts: Vec<Arc<GatewayFacts>>, work: &mut Work) {
        let known = &mut self.resolver.known.gateways;
        let facts = facts
            .into_iter()
            .map(|facts| (facts.gateway.reference.clone(), facts));
        let before = std::mem::replace(known, facts.collect());
        let changed = |(object, facts): &(&ObjectRef, &Arc<GatewayFacts>)| {
            before.get(*object).is_none_or(|before| before != *facts)
        };
        let gone = before
            .iter()
            .filter(|(object, _)| !known.contains_key(*object));
        for (object, facts) in known.iter().filter(changed).chain(gone) {
            work.units.insert(Unit::Report(object.clone()));
            let earlier = before.get(object).into_iter().chain([facts]);
            let listeners = earlier.flat_map(|facts| &facts.listeners);
            work.listeners
                .extend(listeners.map(|listener| Arc::clone(&listener.facts.id)));
        }
    }

    /// Looks at routes again, and finds out for whom that makes a difference.
    fn routes(&mut self, work: &mut Work) {
        let routes = work.units.iter().filter_map(|unit| match unit {
            Unit::Route(object) => Some(object.clone()),
            _ => None,
        });
        for object in routes.collect::<Vec<_>>() {
            let new = self.route(&object);
            let known = &mut self.resolver.known;
            let old = match &new {
                Some(new) => known.routes.insert(object, Arc::clone(new)),
                None => known.routes.remove(&object),
            };
            known.hosts.change(old.as_ref(), new.as_ref());
            let leads = |facts: &Option<Arc<RouteFacts>>| {
                let facts = facts.as_deref();
                facts.map(|facts| {
                    (
                        facts.backends.clone(),
                        facts.gateways().collect::<BTreeSet<_>>(),
                    )
                })
            };
            if leads(&old) != leads(&new) {
                work.units.insert(Unit::Policies);
            }
            let on = |facts: &Option<Arc<RouteFacts>>| -> BTreeSet<Arc<ListenerId>> {
                let listeners = facts.iter().flat_map(|facts| facts.accepted_on());
                listeners.cloned().collect()
            };
            let (before, now) = (on(&old), on(&new));
            for listener in before.symmetric_difference(&now) {
                known.count(listener, now.contains(listener));
                work.units.insert(Unit::Report(listener.parent.clone()));
            }
        }
    }

    /// Looks at one route, and says what is to be said of it.
    fn route(&mut self, object: &ObjectRef) -> Option<Arc<RouteFacts>> {
        let unit = Unit::Route(object.clone());
        let reader = self.reader.recording();
        let (parents, patterns) = (&self.resolver.known.parents, &self.resolver.patterns);
        let facts = route(object, self.snapshot, parents, patterns, &reader);
        let report = match &facts {
            Some(facts) => of_route(facts, &reader),
            None => Report::new(object.clone()),
        };
        self.resolver.dependents.set(unit, reader.into_reads());
        self.say(report);
        facts.map(Arc::new)
    }

    /// Makes the listeners again that are others or have other hosts; those that are new.
    fn listeners(&mut self, work: &mut Work) -> BTreeSet<ListenerId> {
        let known = &mut self.resolver.known;
        work.listeners.extend(known.hosts.rebuild());
        let mut changed = BTreeSet::new();
        for id in &work.listeners {
            let gateway = known.gateways.get(&id.parent);
            let new = gateway.and_then(|facts| {
                let mut outcomes = facts.listeners.iter();
                let outcome = outcomes.find(|outcome| outcome.facts.id == *id)?;
                listener(facts, outcome, known.hosts.of(id))
            });
            if known.served.put(id, new) {
                changed.insert(ListenerId::clone(id));
            }
        }
        changed
    }

    /// The IR, if it is another, and the backends that are.
    fn ir(&mut self, work: &Work) -> (Option<Ir>, BTreeSet<BackendId>) {
        let mut backends = self.resolver.resolved.ir.backends().clone();
        let mut changed = BTreeSet::new();
        let read = work.units.iter().filter_map(|unit| match unit {
            Unit::Backend(id) => Some(id.clone()),
            _ => None,
        });
        let mut ids = self.resolver.known.served.take_dirty();
        ids.extend(read);
        for id in ids {
            let new = self.backend(&id);
            if backends.get(&id) == new.as_ref() {
                continue;
            }
            match new {
                Some(new) => backends.insert_mut(id.clone(), new),
                None => _ = backends.remove_mut(&id),
            }
            changed.insert(id);
        }
        let known = &mut self.resolver.known;
        let before = &self.resolver.resolved.ir;
        let listeners = known.served.take_listeners();
        let certificates = work.units.contains(&Unit::Gateways).then(|| {
            let certificates: Vec<_> = certificates(known.gateways.values()).collect();
            has_others(before, &certificates).then_some(certificates)
        });
        let certificates = certificates.flatten();
        let is_same = listeners.is_none() && certificates.is_none() && changed.is_empty();
        let ir = (!is_same).then(|| before.with(listeners, backends, certificates));
        (ir, changed)
    }

    /// A backend, as long as a listener names it.
    fn backend(&mut self, id: &BackendId) -> Option<Arc<crate::ir::Backend>> {
        let unit = Unit::Backend(id.clone());
        if !self.resolver.known.served.uses(id) {
            self.resolver.dependents.forget(&unit);
            return None;
        }
        let reader = self.reader.recording();
        let backend = backend(id, &reader);
        self.resolver.dependents.set(unit, reader.into_reads());
        backend
    }

    /// Says again what is to be said of classes and Gateways.
    fn reports(&mut self, work: &Work) {
        for unit in &work.units {
            let Unit::Report(object) = unit else { continue };
            let known = &self.resolver.known;
            let reader = self.reader.recording();
            let attached =
                |listener: &Arc<ListenerId>| known.attached.get(listener).copied().unwrap_or(0);
            let report = match (known.classes.get(object), known.gateways.get(object)) {
                (Some((class, facts)), _) => Some(of_class(class, facts, self.config, &reader)),
                (None, Some(facts)) => Some(of_gateway(facts, attached, &reader)),
                (None, None) => None,
            };
            match report {
                Some(report) => {
                    let reads = reader.into_reads();
                    self.resolver.dependents.set(unit.clone(), reads);
                    self.say(report);
                }
                None => {
                    self.resolver.dependents.forget(unit);
                    self.say(Report::new(object.clone()));
                }
            }
        }
    }

    /// Says again what is to be said of policies.
    fn policies(&mut self, work: &Work) {
        if !work.units.contains(&Unit::Policies) {
            return;
        }
        let reader = self.reader.recording();
        let known = &mut self.resolver.known;
        let reports = policy::reports(known.routes.values().map(|facts| &**facts), &reader);
        let objects = reports.iter().map(|report| report.object.clone()).collect();
        let before = std::mem::replace(&mut known.policies, objects);
        let gone: Vec<_> = before.difference(&known.policies).cloned().collect();
        let reads = reader.into_reads();
        self.resolver.dependents.set(Unit::Policies, reads);
        let gone = gone.into_iter().map(Report::new);
        reports
            .into_iter()
            .chain(gone)
            .for_each(|report| self.say(report));
    }

    fn say(&mut self, report: Report) {
        let object = report.object.clone();
        if self.statuses.take(report) {
            self.restated.insert(object);
        }
    }
}
