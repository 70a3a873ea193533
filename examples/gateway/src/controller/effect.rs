//! How much a change matters.

use gateway_model::{Kind, Object, ObjectMeta, Resource};
use gateway_resolve::Snapshot;

/// What a change may have changed, from little to much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nothing.
    #[default]
    Nothing,
    /// What is stored as status of some objects.
    Statuses,
    /// What the cluster asks for.
    Resources,
    /// The same, and nothing is left of what was planned: whether statuses are to be written at all, or which are taken.
    All,
}

impl Effect {
    /// What the snapshot gains from a resource.
    pub(super) fn of(snapshot: &Snapshot, resource: &Resource) -> Self {
        let Some(known) = snapshot.get(&resource.reference()) else {
            return Self::Resources;
        };
        let version = |resource: &Resource| resource.metadata().resource_version.clone();
        if version(resource).is_some() && version(&known) == version(resource) {
            return Self::Nothing;
        }
        match (&known, resource) {
            (Resource::GatewayClass(old), Resource::GatewayClass(new)) => beside(old, new),
            (Resource::Gateway(old), Resource::Gateway(new)) => beside(old, new),
            (Resource::ListenerSet(old), Resource::ListenerSet(new)) => beside(old, new),
            (Resource::HttpRoute(old), Resource::HttpRoute(new)) => beside(old, new),
            (Resource::GrpcRoute(old), Resource::GrpcRoute(new)) => beside(old, new),
            (Resource::TlsRoute(old), Resource::TlsRoute(new)) => beside(old, new),
            (Resource::TcpRoute(old), Resource::TcpRoute(new)) => beside(old, new),
            (Resource::UdpRoute(old), Resource::UdpRoute(new)) => beside(old, new),
            (Resource::BackendTlsPolicy(old), Resource::BackendTlsPolicy(new)) => beside(old, new),
            (Resource::RouteOption(old), Resource::RouteOption(new)) => beside(old, new),
            (Resource::VirtualHostOption(old), Resource::VirtualHostOption(new)) => {
                beside(old, new)
            }
            (Resource::HttpListenerOption(old), Resource::HttpListenerOption(new)) => {
                beside(old, new)
            }
            (Resource::ListenerOption(old), Resource::ListenerOption(new)) => beside(old, new),
            (Resource::Upstream(old), Resource::Upstream(new)) => beside(old, new),
            (Resource::XBackendTrafficPolicy(old), Resource::XBackendTrafficPolicy(new)) => {
                beside(old, new)
            }
            _ => Self::Resources,
        }
    }
}

/// What an object gains from another version of it.
fn beside<S: PartialEq, T>(old: &Object<S, T>, new: &Object<S, T>) -> Effect
where
    Object<S, T>: Kind,
{
    match old.spec == new.spec && same_wishes(&old.metadata, &new.metadata) {
        true => Effect::Statuses,
        false => Effect::Resources,
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
