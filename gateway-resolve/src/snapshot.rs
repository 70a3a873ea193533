//! The resources that a resolution looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, ConfigMap, EndpointSlice, Gateway, GatewayClass, GrpcRoute, HttpRoute, Kind,
    Namespace, ObjectRef, ReferenceGrant, Resource, Secret, Service,
};

use crate::Store;
use crate::journal::{Journal, Mark, Touched};
use crate::policy::index::ByTarget;

/// Resources by kind, namespace and name; the order in which they came is forgotten. A clone shares all
/// until either is changed. It remembers what was changed in it lately, so that a
/// [`Resolver`](crate::Resolver) can be given one version after the other.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    gateway_classes: Store<GatewayClass>,
    gateways: Store<Gateway>,
    http_routes: Store<HttpRoute>,
    grpc_routes: Store<GrpcRoute>,
    reference_grants: Store<ReferenceGrant>,
    namespaces: Store<Namespace>,
    services: Store<Service>,
    endpoint_slices: Store<EndpointSlice>,
    secrets: Store<Secret>,
    config_maps: Store<ConfigMap>,
    backend_tls_policies: Store<BackendTlsPolicy>,
    backend_tls_by_target: ByTarget<BackendTlsPolicy>,
    ignored: Arc<BTreeSet<ObjectRef>>,
    slices: SlicesByService,
    journal: Journal,
}

/// EndpointSlices by the Service that they belong to, then by name.
type SlicesByService = Arc<BTreeMap<ObjectRef, BTreeMap<Box<str>, Arc<EndpointSlice>>>>;

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

    /// Adds a resource, or replaces the one with its kind, namespace and name. Of resources of kinds
    /// that resolution does not read, it is kept that they are there.
    pub fn insert(&mut self, resource: Resource) {
        if let Resource::EndpointSlice(slice) = &resource {
            self.take_slice(&slice.metadata.namespace, &slice.metadata.name);
            self.add_slice(slice);
        }
        self.journal.push(Touched::Object(resource.reference()));
        match resource {
            Resource::GatewayClass(object) => add(&mut self.gateway_classes, object),
            Resource::Gateway(object) => add(&mut self.gateways, object),
            Resource::HttpRoute(object) => add(&mut self.http_routes, object),
            Resource::GrpcRoute(object) => add(&mut self.grpc_routes, object),
            Resource::ReferenceGrant(object) => add(&mut self.reference_grants, object),
            Resource::Namespace(object) => add(&mut self.namespaces, object),
            Resource::Service(object) => add(&mut self.services, object),
            Resource::EndpointSlice(object) => add(&mut self.endpoint_slices, object),
            Resource::Secret(object) => add(&mut self.secrets, object),
            Resource::ConfigMap(object) => add(&mut self.config_maps, object),
            Resource::BackendTlsPolicy(object) => {
                self.take_policy(&object.metadata.namespace, &object.metadata.name);
                self.backend_tls_by_target.add(&object);
                add(&mut self.backend_tls_policies, object);
            }
            other => {
                Arc::make_mut(&mut self.ignored).insert(other.reference());
            }
        }
    }

    /// Removes a resource; says whether it was there.
    pub fn remove(&mut self, reference: &ObjectRef) -> bool {
        if reference.kind == EndpointSlice::KIND && reference.group == EndpointSlice::GROUP {
            self.take_slice(&reference.namespace, &reference.name);
        }
        if reference.kind == BackendTlsPolicy::KIND && reference.group == BackendTlsPolicy::GROUP {
            self.take_policy(&reference.namespace, &reference.name);
        }
        self.journal.push(Touched::Object(reference.clone()));
        take(&mut self.gateway_classes, reference)
            || take(&mut self.gateways, reference)
            || take(&mut self.http_routes, reference)
            || take(&mut self.grpc_routes, reference)
            || take(&mut self.reference_grants, reference)
            || take(&mut self.namespaces, reference)
            || take(&mut self.services, reference)
            || take(&mut self.endpoint_slices, reference)
            || take(&mut self.secrets, reference)
            || take(&mut self.config_maps, reference)
            || take(&mut self.backend_tls_policies, reference)
            || Arc::make_mut(&mut self.ignored).remove(reference)
    }

    /// The EndpointSlices of a Service, by name.
    pub(crate) fn slices_of(
        &self,
        service: &ObjectRef,
    ) -> impl Iterator<Item = &Arc<EndpointSlice>> + use<'_> {
        self.slices
            .get(service)
            .into_iter()
            .flat_map(BTreeMap::values)
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

    /// The BackendTLSPolicies that are for an object, by name.
    pub(crate) fn backend_tls_policies_of(
        &self,
        target: &ObjectRef,
    ) -> impl Iterator<Item = &Arc<BackendTlsPolicy>> + use<'_> {
        self.backend_tls_by_target.of(target)
    }

    /// Takes a policy from what it is for until now.
    fn take_policy(&mut self, namespace: &str, name: &str) {
        if let Some(known) = self.backend_tls_policies.get(namespace, name) {
            self.backend_tls_by_target.take(known);
        }
    }

    fn add_slice(&mut self, slice: &Arc<EndpointSlice>) {
        if let Some(service) = service_of(slice) {
            let slices = Arc::make_mut(&mut self.slices);
            let of_service = slices.entry(service.clone()).or_default();
            of_service.insert(slice.metadata.name.as_str().into(), Arc::clone(slice));
            self.journal.push(Touched::Slices(service));
        }
    }

    /// Takes a slice from the Service that it belongs to until now.
    fn take_slice(&mut self, namespace: &str, name: &str) {
        let known = self.endpoint_slices.get(namespace, name);
        if let Some(service) = known.and_then(|slice| service_of(slice)) {
            let slices = Arc::make_mut(&mut self.slices);
            if let Some(of_service) = slices.get_mut(&service) {
                of_service.remove(name);
                if of_service.is_empty() {
                    slices.remove(&service);
                }
            }
            self.journal.push(Touched::Slices(service));
        }
    }

    /// The GatewayClasses.
    pub fn gateway_classes(&self) -> &Store<GatewayClass> {
        &self.gateway_classes
    }

    /// The Gateways.
    pub fn gateways(&self) -> &Store<Gateway> {
        &self.gateways
    }

    /// The HTTPRoutes.
    pub fn http_routes(&self) -> &Store<HttpRoute> {
        &self.http_routes
    }

    /// The GRPCRoutes.
    pub fn grpc_routes(&self) -> &Store<GrpcRoute> {
        &self.grpc_routes
    }

    /// The ReferenceGrants.
    pub fn reference_grants(&self) -> &Store<ReferenceGrant> {
        &self.reference_grants
    }

    /// The Namespaces.
    pub fn namespaces(&self) -> &Store<Namespace> {
        &self.namespaces
    }

    /// The Services.
    pub fn services(&self) -> &Store<Service> {
        &self.services
    }

    /// The EndpointSlices.
    pub fn endpoint_slices(&self) -> &Store<EndpointSlice> {
        &self.endpoint_slices
    }

    /// The Secrets.
    pub fn secrets(&self) -> &Store<Secret> {
        &self.secrets
    }

    /// The BackendTLSPolicies.
    pub fn backend_tls_policies(&self) -> &Store<BackendTlsPolicy> {
        &self.backend_tls_policies
    }

    /// The resources of kinds that resolution does not read.
    pub fn ignored(&self) -> impl Iterator<Item = &ObjectRef> {
        self.ignored.iter()
    }

    /// The ConfigMaps.
    pub fn config_maps(&self) -> &Store<ConfigMap> {
        &self.config_maps
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

fn service_of(slice: &EndpointSlice) -> Option<ObjectRef> {
    let namespace = slice.metadata.namespace.as_str();
    let named = |name| ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
    slice.service().map(named)
}

fn add<T: Kind>(store: &mut Store<T>, object: Arc<T>) {
    let metadata = object.metadata();
    let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
    store.insert(&namespace, &name, object);
}

fn take<T: Kind>(store: &mut Store<T>, reference: &ObjectRef) -> bool {
    reference.group == T::GROUP
        && reference.kind == T::KIND
        && store
            .remove(&reference.namespace, &reference.name)
            .is_some()
}
