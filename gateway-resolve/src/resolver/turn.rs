//! One turn: the passes that have to be done again, in their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::ObjectRef;

use crate::emit::listener;
use crate::ir::{BackendId, Ir, ListenerId, MeshPortId};
use crate::reader::{Read, Reader};
use crate::route::backends::backend;
use crate::route::place::Place;
use crate::route::{RouteFacts, mesh, route};
use crate::status::report::{Report, of_class, of_parent, of_route};
use crate::status::unserved::Unserved;
use crate::status::{mesh as mesh_status, policy};
use crate::{Config, Snapshot, Statuses};

use super::dependents::Unit;
use super::served::{certificates, has_others};
use super::{Resolver, Work};

/// One turn of a resolver.
pub(super) struct Turn<'a> {
    pub(super) resolver: &'a mut Resolver,
    pub(super) reader: Reader<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) config: &'a Config,
    pub(super) statuses: Statuses,
    pub(super) restated: BTreeSet<ObjectRef>,
}

impl Turn<'_> {
    /// Looks at routes again, and finds out for whom that makes a difference.
    pub(super) fn routes(&mut self, work: &mut Work) {
        let routes = work.units.iter().filter_map(|unit| match unit {
            Unit::Route(object) => Some(object.clone()),
            _ => None,
        });
        let routes = routes.collect::<Vec<_>>();
        self.look(routes, work);
        let contested = self.resolver.known.hosts.contest();
        self.look(contested, work);
        self.resolver.known.hosts.settled();
    }

    fn look(&mut self, routes: impl IntoIterator<Item = ObjectRef>, work: &mut Work) {
        #[cfg(feature = "k8s-gateway")]
        let mut restated = BTreeSet::new();
        for object in routes {
            let new = self.route(&object);
            let known = &mut self.resolver.known;
            let old = match &new {
                Some(new) => known.routes.insert(object, Arc::clone(new)),
                None => known.routes.remove(&object),
            };
            known.hosts.change(old.as_ref(), new.as_ref());
            #[cfg(feature = "k8s-gateway")]
            restated.extend(known.delegate(old.as_deref(), new.as_deref()));
            let used = known.users.change(old.as_deref(), new.as_deref());
            #[cfg(feature = "k8s-gateway")]
            let used = &used | &known.uses.change_route(old.as_deref(), new.as_deref());
            for object in used {
                let readers = self.resolver.dependents.of(&Read::Users(object));
                work.units.extend(readers);
            }
            for parent in known.attached.change(old.as_deref(), new.as_deref()) {
                let readers = self.resolver.dependents.of(&Read::Attached(parent));
                work.units.extend(readers);
            }
        }
        #[cfg(feature = "k8s-gateway")]
        for child in &restated {
            self.route(child);
        }
    }

    /// Looks at one route, and says what is to be said of it.
    fn route(&mut self, object: &ObjectRef) -> Option<Arc<RouteFacts>> {
        let unit = Unit::Route(object.clone());
        let reader = self.reader.recording();
        let (parents, patterns) = (&self.resolver.known.points, &self.resolver.patterns);
        let mut facts = route(object, self.snapshot, parents, patterns, &reader);
        if let (Some(facts), Some(known)) = (&mut facts, self.resolver.known.routes.get(object)) {
            facts.share(known);
        }
        if let Some(facts) = &mut facts {
            facts.keep_off(|place| self.resolver.known.hosts.rival(place, object));
        }
        #[cfg(feature = "k8s-gateway")]
        let as_child = self.resolver.known.as_child(object);
        #[cfg(not(feature = "k8s-gateway"))]
        let as_child = [];
        let report = of_route(object, facts.as_ref(), &as_child, &reader);
        self.resolver.dependents.set(unit, reader.into_reads());
        self.say(report);
        facts.map(Arc::new)
    }

    /// Makes the listeners again that are others or have other hosts; those that are new.
    pub(super) fn listeners(&mut self, work: &mut Work) -> BTreeSet<ListenerId> {
        for place in self.resolver.known.hosts.rebuild() {
            match place {
                Place::Listener(id) => _ = work.listeners.insert(id),
                Place::Service(id) => {
                    work.units.insert(Unit::MeshPort(MeshPortId::clone(&id)));
                }
            }
        }
        let known = &mut self.resolver.known;
        let mut changed = BTreeSet::new();
        for id in &work.listeners {
            let parent = known.parents.get(&id.parent);
            let new = parent.and_then(|facts| {
                let mut outcomes = facts.listeners.iter();
                let outcome = outcomes.find(|outcome| outcome.facts.id == *id)?;
                let behind = known.hosts.of(&Place::Listener(Arc::clone(id)));
                listener(facts, outcome, behind.map(|(_, behind)| behind))
            });
            if known.served.put(id, new) {
                changed.insert(ListenerId::clone(id));
            }
        }
        self.mesh_ports(work);
        changed
    }

    /// Makes the ports of a mesh again that have other routes or another Service.
    fn mesh_ports(&mut self, work: &Work) {
        for unit in &work.units {
            let Unit::MeshPort(id) = unit else { continue };
            let reader = self.reader.recording();
            let known = &mut self.resolver.known;
            let behind = known.hosts.of(&Place::Service(Arc::new(id.clone())));
            let port = mesh::port(id, behind, &reader);
            match &port {
                Some(_) => {
                    let reads = reader.into_reads();
                    self.resolver.dependents.set(unit.clone(), reads);
                }
                None => self.resolver.dependents.forget(unit),
            }
            self.resolver.known.served.put_port(id, port);
        }
    }

    /// The IR, the same if it is no other, and the backends that are.
    pub(super) fn ir(&mut self, work: &Work) -> (Arc<Ir>, BTreeSet<BackendId>) {
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
        let mesh = known.served.take_mesh();
        let certificates = work.parents.then(|| {
            let certificates: Vec<_> = certificates(known.parents.values()).collect();
            has_others(before, &certificates).then_some(certificates)
        });
        let certificates = certificates.flatten();
        let is_same =
            listeners.is_none() && mesh.is_none() && certificates.is_none() && changed.is_empty();
        let ir = match is_same {
            true => Arc::clone(before),
            false => Arc::new(before.with(listeners, mesh, backends, certificates)),
        };
        (ir, changed)
    }

    /// Takes in which listeners the data plane could not serve.
    pub(super) fn answered(&mut self, unserved: Unserved, work: &mut Work) {
        let known = &mut self.resolver.known;
        let before = std::mem::replace(&mut known.unserved, unserved);
        for parent in before.differing(&known.unserved) {
            let readers = self.resolver.dependents.of(&Read::Unserved(parent));
            work.units.extend(readers);
        }
    }

    /// A backend, as long as it is named.
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

    /// Says again what is to be said of classes, Gateways and ListenerSets.
    pub(super) fn reports(&mut self, work: &Work) {
        for unit in &work.units {
            let Unit::Report(object) = unit else { continue };
            let known = &self.resolver.known;
            let reader = self.reader.recording();
            let report = match (known.classes.get(object), known.parents.get(object)) {
                (Some((class, facts)), _) => Some(of_class(class, facts, self.config, &reader)),
                (None, Some(facts)) => {
                    Some(of_parent(facts, &known.attached, &known.unserved, &reader))
                }
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

    /// Says again what is to be said of policies, XMeshes and options.
    pub(super) fn policies(&mut self, work: &Work) {
        for unit in &work.units {
            let known = &self.resolver.known;
            let reader = self.reader.recording();
            let (object, report) = match unit {
                Unit::Policy(object) => {
                    let report = policy::of_policy(object, &known.users, &known.points, &reader);
                    (object, report)
                }
                Unit::Mesh(object) => {
                    let report = mesh_status::of_mesh(object, self.config, &reader);
                    (object, report)
                }
                #[cfg(feature = "k8s-gateway")]
                Unit::Option(object) => {
                    let said = crate::k8s_gateway::status::Said {
                        namespace: &self.config.namespace,
                        uses: &known.uses,
                        reader: &reader,
                    };
                    (object, said.of(object))
                }
                _ => continue,
            };
            let dependents = &mut self.resolver.dependents;
            match &report {
                Some(_) => dependents.set(unit.clone(), reader.into_reads()),
                None => dependents.forget(unit),
            }
            self.say(report.unwrap_or_else(|| Report::new(object.clone())));
        }
    }

    fn say(&mut self, report: Report) {
        let object = report.object.clone();
        if self.statuses.take(report) {
            self.restated.insert(object);
        }
    }
}
