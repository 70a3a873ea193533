//! Plans the writes that bring stored statuses to the wanted ones.
//!
//! Pure: what is stored is in the [`Snapshot`], what is wanted in the [`Statuses`]. A controller
//! performs the writes, each on the status subresource, where there is one, and under the resource version that it
//! was planned for: as a [replacement](StatusWrite::replacement), or as a
//! [merge patch](StatusWrite::merge_patch). [`Snapshot::wrote`] takes one in.

mod merge;
#[cfg(feature = "k8s-gateway")]
mod options;
#[cfg(test)]
mod tests;
mod write;

#[cfg(feature = "k8s-gateway")]
use gateway_model::k8s_gateway::RouteOption;
use gateway_model::{
    BackendTlsPolicy, CustomObject, CustomStatus, Gateway, GatewayClass, GatewayClassStatus,
    GatewayStatus, GrpcRoute, HttpRoute, Kind, ListenerSet, ListenerSetStatus, Object, ObjectRef,
    PolicyStatus, RouteStatus, TcpRoute, TlsRoute, UdpRoute, XBackend, XBackendTrafficPolicy,
    XMesh,
};

use crate::{Snapshot, Status, Statuses, Store};

pub use merge::MergeStatus;
pub use write::StatusWrite;

/// In whose name statuses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author<'a> {
    /// The controller whose conditions and entries are written.
    pub controller: &'a str,
    /// The names that it had before: entries of routes under these are its own, and go.
    pub former: &'a [String],
    /// The namespace that it runs in: entries under it in the `status.statuses` of options are its own. `None`:
    /// nothing is written of these.
    pub namespace: Option<&'a str>,
}

impl<'a> From<&'a str> for Author<'a> {
    /// A controller that always had this name.
    fn from(controller: &'a str) -> Self {
        Self {
            controller,
            former: &[],
            namespace: None,
        }
    }
}

impl<'a> From<&'a String> for Author<'a> {
    fn from(controller: &'a String) -> Self {
        Self::from(controller.as_str())
    }
}

/// The writes that are missing, ordered by kind, namespace and name; none for objects whose status
/// is as wanted already.
///
/// Only what belongs to `author` changes: its condition types, and its entries in the
/// `status.parents` of routes, `status.ancestors` of policies and `status.statuses` of options. Those that have such entries but no wanted
/// status lose them; other objects without a wanted status are left alone.
pub fn plan_statuses<'a>(
    snapshot: &Snapshot,
    statuses: &Statuses,
    author: impl Into<Author<'a>>,
) -> Vec<StatusWrite> {
    let plan = Plan {
        statuses,
        author: author.into(),
    };
    let mut writes = Vec::new();
    writes.extend(plan.missing(snapshot.gateway_classes()));
    writes.extend(plan.missing(snapshot.gateways()));
    writes.extend(plan.missing(snapshot.listener_sets()));
    writes.extend(plan.missing(snapshot.grpc_routes()));
    writes.extend(plan.missing(snapshot.http_routes()));
    writes.extend(plan.missing(snapshot.tcp_routes()));
    writes.extend(plan.missing(snapshot.tls_routes()));
    writes.extend(plan.missing(snapshot.udp_routes()));
    writes.extend(plan.missing(snapshot.backend_tls_policies()));
    writes.extend(plan.missing(snapshot.x_backend_traffic_policies()));
    writes.extend(plan.missing(snapshot.x_backends()));
    writes.extend(plan.missing(snapshot.x_meshes()));
    let customs = snapshot.customs.iter();
    writes.extend(customs.filter_map(|object| plan.missing_of_custom(object)));
    #[cfg(feature = "k8s-gateway")]
    writes.extend(plan.missing_of_options(snapshot));
    writes
}

/// The write that one object misses: that of [`plan_statuses`], without a look at the others.
pub fn plan_status<'a>(
    snapshot: &Snapshot,
    statuses: &Statuses,
    author: impl Into<Author<'a>>,
    object: &ObjectRef,
) -> Option<StatusWrite> {
    let plan = Plan {
        statuses,
        author: author.into(),
    };
    #[cfg(feature = "k8s-gateway")]
    if object.group == RouteOption::GROUP {
        return plan.missing_of_option(snapshot, object);
    }
    if let Some(object) = snapshot.customs.get(object) {
        return plan.missing_of_custom(object);
    }
    if ![Gateway::GROUP, XBackendTrafficPolicy::GROUP].contains(&&*object.group) {
        return None;
    }
    match &*object.kind {
        GatewayClass::KIND => plan.missing_of(snapshot.gateway_classes(), object),
        XMesh::KIND => plan.missing_of(snapshot.x_meshes(), object),
        Gateway::KIND => plan.missing_of(snapshot.gateways(), object),
        ListenerSet::KIND => plan.missing_of(snapshot.listener_sets(), object),
        HttpRoute::KIND => plan.missing_of(snapshot.http_routes(), object),
        GrpcRoute::KIND => plan.missing_of(snapshot.grpc_routes(), object),
        TlsRoute::KIND => plan.missing_of(snapshot.tls_routes(), object),
        TcpRoute::KIND => plan.missing_of(snapshot.tcp_routes(), object),
        UdpRoute::KIND => plan.missing_of(snapshot.udp_routes(), object),
        BackendTlsPolicy::KIND => plan.missing_of(snapshot.backend_tls_policies(), object),
        XBackend::KIND => plan.missing_of(snapshot.x_backends(), object),
        XBackendTrafficPolicy::KIND => {
            plan.missing_of(snapshot.x_backend_traffic_policies(), object)
        }
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Plan<'a> {
    statuses: &'a Statuses,
    author: Author<'a>,
}

impl Plan<'_> {
    /// The writes that objects of one kind miss.
    fn missing<S, T: Planned>(
        self,
        objects: &Store<Object<S, T>>,
    ) -> impl Iterator<Item = StatusWrite>
    where
        Object<S, T>: Kind,
    {
        objects.iter().filter_map(move |object| self.write(object))
    }

    fn missing_of<S, T: Planned>(
        self,
        objects: &Store<Object<S, T>>,
        object: &ObjectRef,
    ) -> Option<StatusWrite>
    where
        Object<S, T>: Kind,
    {
        self.write(objects.get(&object.namespace, &object.name)?)
    }

    fn missing_of_custom(self, object: &CustomObject) -> Option<StatusWrite> {
        let reference = object.reference();
        let wanted = match self.statuses.get(&reference) {
            Some(Status::Custom { status, .. }) => status.clone(),
            _ => CustomStatus::default(),
        };
        let generation = object.metadata.generation;
        let merged = object.status.merged(&wanted, self.author, generation);
        (merged != object.status).then(|| StatusWrite {
            object: reference,
            api_version: object.api_version.clone(),
            resource_version: object.metadata.resource_version.clone(),
            status: Status::Custom {
                api_version: object.api_version.clone(),
                status: merged,
            },
            entry: None,
        })
    }

    fn write<S, T: Planned>(self, object: &Object<S, T>) -> Option<StatusWrite>
    where
        Object<S, T>: Kind,
    {
        let reference = object.reference();
        let wanted = T::wanted(self.statuses.get(&reference))?;
        let generation = object.metadata().generation;
        let merged = object.status.merged(&wanted, self.author, generation);
        (merged != object.status).then(|| StatusWrite {
            object: reference,
            api_version: Object::<S, T>::api_version(),
            resource_version: object.metadata().resource_version.clone(),
            status: merged.into(),
            entry: T::entry(self.author),
        })
    }
}

/// A status that is planned for.
trait Planned: MergeStatus + Into<Status> {
    /// What is wanted; `None`: the stored one is left alone.
    fn wanted(status: Option<&Status>) -> Option<Self>;

    /// Which entry of it alone is written, where it is a map.
    fn entry(_author: Author<'_>) -> Option<String> {
        None
    }
}

impl Planned for GatewayClassStatus {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::GatewayClass(wanted)) => Some(wanted.clone()),
            _ => None,
        }
    }
}

impl Planned for GatewayStatus {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::Gateway(wanted)) => Some(wanted.clone()),
            _ => None,
        }
    }
}

impl Planned for ListenerSetStatus {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::ListenerSet(wanted)) => Some(wanted.clone()),
            _ => None,
        }
    }
}

impl Planned for RouteStatus {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::Route(wanted)) => Some(wanted.clone()),
            _ => Some(Self::default()),
        }
    }
}

impl Planned for PolicyStatus {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::Policy(wanted)) => Some(wanted.clone()),
            _ => Some(Self::default()),
        }
    }
}
