//! The one way in which passes look at what may change.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{
    ConfigMap, CustomObject, EndpointSlice, Gateway, GatewayClass, Kind, ListenerSet, Namespace,
    ObjectRef, Resource, Secret, Service, Timestamp, XBackend, XMesh,
};

use crate::customs::KindName;
use crate::grants::Grants;
use crate::kinds::Kinds;
use crate::observed::{Allocation, Release};
use crate::policy::Policy;
use crate::{Snapshot, Store, Stored};

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Read {
    /// An object, or that it is not there.
    Object(ObjectRef),
    /// All objects of a kind.
    All(&'static str),
    /// The EndpointSlices of a Service.
    Slices(ObjectRef),
    /// The ListenerSets of a Gateway.
    ListenerSets(ObjectRef),
    /// The policies that are for an object.
    Policies(ObjectRef),
    /// The routes that are named by something that can name several.
    #[cfg(feature = "k8s-gateway")]
    Routes(ObjectRef),
    /// Who uses an object: the Gateways whose routes lead to a Service, what an option is used by.
    Users(ObjectRef),
    /// What a namespace allows others to refer to.
    Grants(Arc<str>),
    /// What a parent offers to routes.
    Parent(ObjectRef),
    /// Which parents routes have without naming them.
    DefaultParents,
    /// How many routes the listeners of a parent have.
    Attached(ObjectRef),
    /// Which listeners of a parent the data plane could not serve.
    Unserved(ObjectRef),
    /// What a Gateway has of the addresses that are given to one Gateway at a time.
    Allocation(ObjectRef),
    /// Which release of the Gateway API there is.
    Release,
    /// The time.
    Clock,
}

/// A snapshot, its grants and the time. What is read by it is recorded, if somebody wants to know: whatever
/// a pass has read, it is done again when that changes.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    snapshot: &'a Snapshot,
    grants: &'a Grants,
    kinds: &'a Kinds,
    now: Timestamp,
    reads: Option<RefCell<BTreeSet<Read>>>,
}

impl<'a> Reader<'a> {
    /// A reader that records nothing.
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        grants: &'a Grants,
        kinds: &'a Kinds,
        now: Timestamp,
    ) -> Self {
        Self {
            snapshot,
            grants,
            kinds,
            now,
            reads: None,
        }
    }

    /// The same, recording.
    pub(crate) fn recording(&self) -> Self {
        Self {
            reads: Some(RefCell::default()),
            ..*self
        }
    }

    /// What was read.
    pub(crate) fn into_reads(self) -> BTreeSet<Read> {
        self.reads.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Records that something was read that is not the snapshot's.
    pub(crate) fn record(&self, read: impl FnOnce() -> Read) {
        if let Some(reads) = &self.reads {
            reads.borrow_mut().insert(read());
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.record(|| Read::Clock);
        self.now
    }

    pub(crate) fn release(&self) -> &'a Release {
        self.record(|| Read::Release);
        self.snapshot.release()
    }

    pub(crate) fn allocation(&self, gateway: &ObjectRef) -> Option<&'a Allocation> {
        self.record(|| Read::Allocation(gateway.clone()));
        self.snapshot.allocation(gateway)
    }

    pub(crate) fn permit(&self, from: &ObjectRef, to: &ObjectRef) -> bool {
        if from.namespace != to.namespace {
            self.record(|| Read::Grants(to.namespace.clone()));
        }
        self.grants.permit(from, to)
    }

    /// The kinds that an embedder answers for.
    pub(crate) fn kinds(&self) -> &'a Kinds {
        self.kinds
    }

    /// An object of whatever kind.
    pub(crate) fn resource(&self, object: &ObjectRef) -> Option<Resource> {
        self.record(|| Read::Object(object.clone()));
        self.snapshot.get(object)
    }

    /// An object of an embedder's kind.
    pub(crate) fn custom(&self, object: &ObjectRef) -> Option<&'a Arc<CustomObject>> {
        self.record(|| Read::Object(object.clone()));
        self.snapshot.customs.get(object)
    }

    /// The policies of an embedder's kind that are for an object, by name.
    pub(crate) fn customs_for(
        &self,
        kind: &KindName,
        target: &ObjectRef,
    ) -> impl Iterator<Item = &'a Arc<CustomObject>> + use<'a> {
        self.record(|| Read::Policies(target.clone()));
        self.snapshot.customs.policies(kind, target)
    }

    pub(crate) fn gateway_classes(&self) -> &'a Store<GatewayClass> {
        self.record(|| Read::All(GatewayClass::KIND));
        self.snapshot.gateway_classes()
    }

    pub(crate) fn gateway_class(&self, name: &str) -> Option<&'a Arc<GatewayClass>> {
        let class = ObjectRef::new(GatewayClass::GROUP, GatewayClass::KIND, "", name);
        self.get(&class)
    }

    pub(crate) fn gateway(&self, object: &ObjectRef) -> Option<&'a Arc<Gateway>> {
        self.get(object)
    }

    /// The ListenerSets that name a Gateway, by namespace and name.
    pub(crate) fn listener_sets_of(
        &self,
        gateway: &ObjectRef,
    ) -> impl Iterator<Item = &'a Arc<ListenerSet>> + use<'a> {
        self.record(|| Read::ListenerSets(gateway.clone()));
        self.snapshot.listener_sets_of(gateway)
    }

    pub(crate) fn listener_set(&self, object: &ObjectRef) -> Option<&'a Arc<ListenerSet>> {
        self.get(object)
    }

    pub(crate) fn secret(&self, object: &ObjectRef) -> Option<&'a Arc<Secret>> {
        self.get(object)
    }

    /// What there is, for those who say themselves what they read of it.
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    pub(crate) fn config_map(&self, object: &ObjectRef) -> Option<&'a Arc<ConfigMap>> {
        self.get(object)
    }

    /// The policies of a kind that are for an object, by name.
    pub(crate) fn policies<P: Policy>(
        &self,
        target: &ObjectRef,
    ) -> impl Iterator<Item = &'a Arc<P>> + use<'a, P> {
        self.record(|| Read::Policies(target.clone()));
        P::by_target(self.snapshot).of(target)
    }

    /// The object of that name.
    pub(crate) fn get<K: Stored>(&self, object: &ObjectRef) -> Option<&'a Arc<K>> {
        self.record(|| Read::Object(object.clone()));
        let all = self.snapshot.all::<K>();
        all.get(&object.namespace, &object.name)
    }

    /// All XMeshes.
    pub(crate) fn x_meshes(&self) -> &'a Store<XMesh> {
        self.record(|| Read::All(XMesh::KIND));
        self.snapshot.x_meshes()
    }

    pub(crate) fn x_mesh(&self, object: &ObjectRef) -> Option<&'a Arc<XMesh>> {
        self.get(object)
    }

    /// The Service of that name, if it is one that is named.
    pub(crate) fn service(&self, object: &ObjectRef) -> Option<&'a Arc<Service>> {
        let is_one = *object.kind == *Service::KIND && object.group.is_empty();
        is_one.then(|| self.get(object))?
    }

    pub(crate) fn x_backend(&self, object: &ObjectRef) -> Option<&'a Arc<XBackend>> {
        let is_one = crate::x_backend::is(object);
        is_one.then(|| self.get(object))?
    }

    /// The labels of a namespace; `None` when it has no object.
    pub(crate) fn labels(&self, namespace: &str) -> Option<&'a BTreeMap<String, String>> {
        let namespace = ObjectRef::new(Namespace::GROUP, Namespace::KIND, "", namespace);
        let object = self.get::<Namespace>(&namespace);
        object.map(|object| &object.metadata.labels)
    }

    pub(crate) fn slices(
        &self,
        service: &ObjectRef,
    ) -> impl Iterator<Item = &'a Arc<EndpointSlice>> + use<'a> {
        self.record(|| Read::Slices(service.clone()));
        self.snapshot.slices_of(service)
    }
}
