//! How much a change matters.

use gateway_model::{Kind, Object, ObjectMeta, Resource};
use gateway_resolve::{Snapshot, Store};

/// What a change may have changed, from little to much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nothing.
    #[default]
    Nothing,
    /// What is stored as status of some objects.
    Statuses,
    /// Whether statuses are to be written at all.
    Leadership,
    /// What the cluster asks for.
    Resources,
}

impl Effect {
    /// What the snapshot gains from a resource.
    pub(super) fn of(snapshot: &Snapshot, resource: &Resource) -> Self {
        match resource {
            Resource::GatewayClass(new) => of_object(snapshot.gateway_classes(), new),
            Resource::Gateway(new) => of_object(snapshot.gateways(), new),
            Resource::ListenerSet(new) => of_object(snapshot.listener_sets(), new),
            Resource::HttpRoute(new) => of_object(snapshot.http_routes(), new),
            Resource::GrpcRoute(new) => of_object(snapshot.grpc_routes(), new),
            Resource::TlsRoute(new) => of_object(snapshot.tls_routes(), new),
            Resource::TcpRoute(new) => of_object(snapshot.tcp_routes(), new),
            Resource::UdpRoute(new) => of_object(snapshot.udp_routes(), new),
            _ => Self::Resources,
        }
    }
}

fn of_object<S: PartialEq, T: PartialEq>(store: &Store<Object<S, T>>, new: &Object<S, T>) -> Effect
where
    Object<S, T>: Kind,
{
    let ObjectMeta {
        namespace, name, ..
    } = &new.metadata;
    match store.get(namespace, name) {
        Some(old) if old.metadata.resource_version == new.metadata.resource_version => {
            Effect::Nothing
        }
        Some(old) if old.spec == new.spec && same_wishes(&old.metadata, &new.metadata) => {
            Effect::Statuses
        }
        _ => Effect::Resources,
    }
}

/// Is the metadata the same but for the version and for what nothing depends on?
fn same_wishes(old: &ObjectMeta, new: &ObjectMeta) -> bool {
    old.uid == new.uid
        && old.generation == new.generation
        && old.labels == new.labels
        && old.annotations == new.annotations
        && old.deletion_timestamp == new.deletion_timestamp
}
