//! Resolution that costs what has changed.
//!
//! [`resolve`](crate::resolve) says what comes of a snapshot. A [`Resolver`] comes to the same, and keeps
//! what its passes returned: given the next version of a snapshot, it does those again that have read
//! what is new. A pass can read only by a [`Reader`], which records what it read, so that none is missed.

mod audit;
#[cfg(feature = "k8s-gateway")]
mod delegates;
mod dependents;
mod gateways;
mod hosts;
mod served;
mod turn;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

#[cfg(feature = "k8s-gateway")]
use gateway_model::HttpRoute;
use gateway_model::{Gateway, GatewayClass, Kind, ObjectRef, ReferenceGrant, Timestamp, XMesh};

use crate::gateway::ParentFacts;
use crate::gateway::alone::GatewayFacts;
use crate::gateway::certificates::KeyPairs;
use crate::gateway::classes::Class;
use crate::gateway::conflicts::Conflicts;
use crate::grants::{Grants, grants};
use crate::ir::{BackendId, Ir, ListenerId};
use crate::journal::{Mark, Touched};
#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::delegation;
use crate::policy::users::Users;
use crate::reader::{Read, Reader};
use crate::route::parents::Parents;
use crate::route::patterns::Patterns;
use crate::route::{RouteFacts, is_route, names};
use crate::status::attached::Attached;
use crate::status::policy;
use crate::status::unserved::Unserved;
use crate::{Config, Snapshot, Statuses};

pub use audit::{Audit, Difference};
use dependents::{Dependents, Unit};
use hosts::Hosts;
use served::Served;
use turn::Turn;

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
    certificates: KeyPairs,
    known: Known,
    dependents: Dependents,
    resolved: Resolved,
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
    /// The Gateways that are served, each without the others.
    gateways: BTreeMap<ObjectRef, Arc<GatewayFacts>>,
    /// Where they are in each other's way.
    conflicts: Conflicts,
    parents: BTreeMap<ObjectRef, Arc<ParentFacts>>,
    /// The same, as routes see them.
    points: Parents,
    routes: HashMap<ObjectRef, Arc<RouteFacts>>,
    /// Who uses backends.
    users: Users,
    /// How many routes each listener has that are accepted.
    attached: Attached,
    /// The listeners that the data plane could not serve.
    unserved: Unserved,
    hosts: Hosts,
    served: Served,
    /// What uses options.
    #[cfg(feature = "k8s-gateway")]
    uses: crate::k8s_gateway::uses::Uses,
    /// The routes that lead to a route by delegation.
    #[cfg(feature = "k8s-gateway")]
    roots: HashMap<ObjectRef, BTreeSet<ObjectRef>>,
}

/// What is to be done in one turn.
#[derive(Debug, Default)]
struct Work {
    units: BTreeSet<Unit>,
    listeners: BTreeSet<Arc<ListenerId>>,
    /// Is something that has listeners another?
    parents: bool,
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
        let serve = |_: &Arc<Ir>| ((), Unserved::default());
        self.resolve_serving(snapshot, config, now, serve).0
    }

    /// The same, where `serve` answers which listeners are not served, before anything is said.
    pub(crate) fn resolve_serving<T>(
        &mut self,
        snapshot: &Snapshot,
        config: &Config,
        now: Timestamp,
        serve: impl FnOnce(&Arc<Ir>) -> (T, Unserved),
    ) -> (Resolved, T) {
        let mut work = self.begin(snapshot, config, now);
        let grants = std::mem::take(&mut self.known.grants);
        let mut turn = Turn {
            reader: Reader::new(snapshot, &grants, &config.kinds, now),
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
        let (served, unserved) = serve(&ir);
        turn.answered(unserved, &mut work);
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
            ir,
            statuses: match restated.is_empty() {
                true => Arc::clone(&self.resolved.statuses),
                false => Arc::new(statuses),
            },
            backends,
            listeners,
            restated,
        };
        (self.resolved.clone(), served)
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
                    self.touch(touched, snapshot, config, &mut work.units);
                }
            }
            None => self.start(snapshot, config, &mut work),
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
    fn start(&mut self, snapshot: &Snapshot, config: &Config, work: &mut Work) {
        self.known = Known {
            grants: grants(snapshot),
            points: Parents::new(&[], config),
            ..Known::default()
        };
        self.dependents = Dependents::default();
        work.earlier = std::mem::take(&mut self.resolved);
        work.units.insert(Unit::Classes);
        let gateways = snapshot.gateways().iter();
        let gateways = gateways.map(|gateway| Unit::Gateway(gateway.reference()));
        work.units.extend(gateways);
        work.units
            .extend(policy::names(snapshot, &config.kinds).map(Unit::Policy));
        let meshes = snapshot.x_meshes().iter();
        work.units
            .extend(meshes.map(|mesh| Unit::Mesh(mesh.reference())));
        #[cfg(feature = "k8s-gateway")]
        work.units
            .extend(crate::k8s_gateway::status::names(snapshot).map(Unit::Option));
        work.units.extend(names(snapshot).map(Unit::Route));
    }

    fn touch(
        &mut self,
        touched: &Touched,
        snapshot: &Snapshot,
        config: &Config,
        units: &mut BTreeSet<Unit>,
    ) {
        let read = match touched {
            Touched::Slices(service) => Read::Slices(service.clone()),
            Touched::ListenerSets(gateway) => Read::ListenerSets(gateway.clone()),
            Touched::Policies(target) => Read::Policies(target.clone()),
            #[cfg(feature = "k8s-gateway")]
            Touched::Routes(key) => Read::Routes(key.clone()),
            Touched::Allocation(gateway) => Read::Allocation(gateway.clone()),
            Touched::Release => Read::Release,
            Touched::Object(object) => {
                self.touch_object(object, snapshot, config, units);
                Read::Object(object.clone())
            }
        };
        units.extend(self.dependents.of(&read));
    }

    fn touch_object(
        &mut self,
        object: &ObjectRef,
        snapshot: &Snapshot,
        config: &Config,
        units: &mut BTreeSet<Unit>,
    ) {
        if is_route(object) {
            units.insert(Unit::Route(object.clone()));
        }
        if policy::is_policy(object, &config.kinds) {
            units.insert(Unit::Policy(object.clone()));
        }
        #[cfg(feature = "k8s-gateway")]
        if crate::k8s_gateway::status::is_option(object) {
            units.insert(Unit::Option(object.clone()));
        }
        match &*object.kind {
            GatewayClass::KIND => units.extend(self.dependents.of(&Read::All(GatewayClass::KIND))),
            Gateway::KIND => _ = units.insert(Unit::Gateway(object.clone())),
            #[cfg(feature = "k8s-gateway")]
            HttpRoute::KIND => {
                let neighbours = delegation::in_namespace(&object.namespace);
                units.extend(self.dependents.of(&Read::Routes(neighbours)));
            }
            XMesh::KIND => _ = units.insert(Unit::Mesh(object.clone())),
            ReferenceGrant::KIND => {
                self.known.grants.read(snapshot, &object.namespace);
                let grants = Read::Grants(object.namespace.clone());
                units.extend(self.dependents.of(&grants));
            }
            _ => {}
        }
    }
}
