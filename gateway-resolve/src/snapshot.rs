//! What a resolution looks at: resources, and what was observed besides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, EndpointSlice, ListenerSet, ObjectRef, Resource, XBackendTrafficPolicy,
};

use crate::customs::Customs;
use crate::index::{Change, Index};
use crate::journal::{Journal, Mark, Touched};
use crate::observed::{Allocation, Observed, Release};
use crate::store::Store;
use crate::stores::{Stored, Stores};

/// What was observed of a cluster: resources by kind, namespace and name (the order in which they came is
/// forgotten), which release of the Gateway API there is, what was allocated. A clone shares all
/// until either is changed. It remembers what was changed in it lately, so that a
/// [`Resolver`](crate::Resolver) can be given one version after the other.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(crate) stores: Stores,
    pub(crate) backend_tls_by_target: Index<BackendTlsPolicy>,
    pub(crate) backend_traffic_by_target: Index<XBackendTrafficPolicy>,
    #[cfg(feature = "k8s-gateway")]
    pub(crate) options: crate::k8s_gateway::OptionsByTarget,
    /// The routes that can be referred to by a label.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) labelled: Index<gateway_model::HttpRoute>,
    ignored: Arc<BTreeSet<ObjectRef>>,
    slices: Index<EndpointSlice>,
    listener_sets: Index<ListenerSet>,
    pub(crate) customs: Customs,
    observed: Observed,
    journal: Journal,
}

impl Snapshot {
    /// A snapshot without resources.
    pub fn new() -> Self {
        Self::default()
    }

    /// A snapshot of `resources`. Of two with the same kind, namespace and name, the later counts.
    pub fn from_resources(resources: impl IntoIterator<Item = Resource>) -> Self {
        let mut snapshot = Self::new();
        for resource in resources {
            snapshot.insert(resource);
        }
        snapshot
    }

    /// Makes `resources` those that there are. What is the same as before has not changed.
    pub fn replace(&mut self, resources: impl IntoIterator<Item = Resource>) {
        let resources = resources.into_iter();
        let wanted: BTreeMap<_, _> = resources.map(|r| (r.reference(), r)).collect();
        let known = self.iter().map(|resource| resource.reference());
        let known = known.chain(self.ignored().cloned());
        let gone = known.filter(|object| !wanted.contains_key(object));
        for object in gone.collect::<Vec<_>>() {
            self.remove(&object);
        }
        for (object, resource) in wanted {
            let is_same = self.get(&object).as_ref() == Some(&resource);
            if !is_same && !self.ignored.contains(&object) {
                self.insert(resource);
            }
        }
    }

    /// Adds a resource, or replaces the one with its kind, namespace and name. Of resources of kinds
    /// that resolution does not read, it is kept that they are there.
    pub fn insert(&mut self, resource: Resource) {
        let object = resource.reference();
        self.touch(&object, Some(&resource));
        match self.stores.insert(resource) {
            Ok(()) => {}
            Err(Resource::Custom(object)) => self.customs.insert(object),
            Err(other) => _ = Arc::make_mut(&mut self.ignored).insert(other.reference()),
        }
    }

    /// Removes a resource; says whether it was there.
    pub fn remove(&mut self, reference: &ObjectRef) -> bool {
        self.touch(reference, None);
        self.stores.remove(reference)
            || self.customs.remove(reference)
            || Arc::make_mut(&mut self.ignored).remove(reference)
    }

    /// Takes in which release of the Gateway API there is.
    pub fn observe_release(&mut self, release: Release) {
        if self.observed.release != release {
            self.observed.release = release;
            self.journal.push(Touched::Release);
        }
    }

    /// The release of the Gateway API that there is.
    pub fn release(&self) -> &Release {
        &self.observed.release
    }

    /// Takes in what Gateways have of the addresses that are given to one Gateway at a time; others have none. Says
    /// whether that is another than before.
    pub fn allocate(&mut self, allocations: BTreeMap<ObjectRef, Allocation>) -> bool {
        let changed = self.observed.allocate(allocations);
        let is_new = !changed.is_empty();
        for gateway in changed {
            self.journal.push(Touched::Allocation(gateway));
        }
        is_new
    }

    /// What a Gateway has of the addresses that are given to one Gateway at a time.
    pub fn allocation(&self, gateway: &ObjectRef) -> Option<&Allocation> {
        self.observed.allocation(gateway)
    }

    /// The resource of that kind and name, of a kind that resolution reads.
    pub fn get(&self, reference: &ObjectRef) -> Option<Resource> {
        let custom = || self.customs.get(reference).cloned().map(Resource::Custom);
        self.stores.get(reference).or_else(custom)
    }

    /// All resources of the kinds that resolution reads, kind by kind, ordered by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = Resource> {
        let customs = self.customs.iter().cloned().map(Resource::Custom);
        self.stores.iter().chain(customs)
    }

    /// All resources of a kind, ordered by namespace and name.
    pub fn all<K: Stored>(&self) -> &Store<K> {
        K::store(self)
    }

    /// The EndpointSlices of a Service, by name.
    pub(crate) fn slices_of(
        &self,
        service: &ObjectRef,
    ) -> impl Iterator<Item = &Arc<EndpointSlice>> + use<'_> {
        self.slices.of(service)
    }

    /// The ListenerSets of a Gateway, by namespace and name.
    pub(crate) fn listener_sets_of(
        &self,
        gateway: &ObjectRef,
    ) -> impl Iterator<Item = &Arc<ListenerSet>> + use<'_> {
        self.listener_sets.of(gateway)
    }

    /// What was changed since `mark`; `None` when that is not known.
    pub(crate) fn touched_since<'a>(
        &'a self,
        mark: &Mark,
    ) -> Option<impl Iterator<Item = &'a Touched> + use<'a>> {
        self.journal.since(mark)
    }

    /// The last change.
    pub(crate) fn mark(&self) -> Mark {
        self.journal.mark()
    }

    /// Finds an object by what it is of from now on, and remembers what changes by that.
    fn touch(&mut self, object: &ObjectRef, new: Option<&Resource>) {
        let old = self.get(object);
        let mut touched = BTreeSet::from([Touched::Object(object.clone())]);
        for (resource, change) in [(old.as_ref(), Change::Take), (new, Change::Add)] {
            if let Some(resource) = resource {
                touched.extend(self.index(resource, change));
            }
        }
        for one in touched {
            self.journal.push(one);
        }
    }

    /// Puts a resource into the index of its kind, or takes it out; what that touches.
    fn index(&mut self, resource: &Resource, change: Change) -> Vec<Touched> {
        let (keys, touched): (_, fn(ObjectRef) -> Touched) = match resource {
            Resource::EndpointSlice(slice) => (self.slices.change(slice, change), Touched::Slices),
            Resource::ListenerSet(set) => {
                let gateways = self.listener_sets.change(set, change);
                (gateways, Touched::ListenerSets)
            }
            Resource::Custom(object) => (self.customs.change(object, change), Touched::Policies),
            Resource::BackendTlsPolicy(policy) => {
                let targets = self.backend_tls_by_target.change(policy, change);
                (targets, Touched::Policies)
            }
            Resource::XBackendTrafficPolicy(policy) => {
                let targets = self.backend_traffic_by_target.change(policy, change);
                (targets, Touched::Policies)
            }
            #[cfg(feature = "k8s-gateway")]
            Resource::HttpRoute(route) => (self.labelled.change(route, change), Touched::Routes),
            #[cfg(feature = "k8s-gateway")]
            option => (self.options.change(option, change), Touched::Policies),
            #[cfg(not(feature = "k8s-gateway"))]
            _ => return Vec::new(),
        };
        keys.into_iter().map(touched).collect()
    }

    /// The resources of kinds that resolution does not read.
    pub fn ignored(&self) -> impl Iterator<Item = &ObjectRef> {
        self.ignored.iter()
    }
}

impl FromIterator<Resource> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        Self::from_resources(resources)
    }
}

impl Extend<Resource> for Snapshot {
    fn extend<I: IntoIterator<Item = Resource>>(&mut self, resources: I) {
        for resource in resources {
            self.insert(resource);
        }
    }
}
