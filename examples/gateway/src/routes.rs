//! The routes of all kinds.

use gateway_model::{Hostname, Kind, ObjectRef, Route, Rule};
use gateway_resolve::{Snapshot, Store};

/// A route, as far as all kinds are alike.
pub(crate) struct Listed<'a> {
    pub(crate) object: ObjectRef,
    /// The hosts that it is for; any when empty.
    pub(crate) hostnames: &'a [Hostname],
}

/// The routes of a snapshot, kind by kind.
pub(crate) fn all(snapshot: &Snapshot) -> impl Iterator<Item = Listed<'_>> {
    listed(snapshot.http_routes())
        .chain(listed(snapshot.grpc_routes()))
        .chain(listed(snapshot.tls_routes()))
        .chain(listed(snapshot.tcp_routes()))
        .chain(listed(snapshot.udp_routes()))
}

fn listed<R: Rule>(store: &Store<Route<R>>) -> impl Iterator<Item = Listed<'_>>
where
    Route<R>: Kind,
{
    store.iter().map(|route| Listed {
        object: route.reference(),
        hostnames: &route.spec.hostnames,
    })
}
