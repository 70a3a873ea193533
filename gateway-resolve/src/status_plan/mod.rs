//! Plans the writes that bring stored statuses to the wanted ones.
//!
//! Pure: what is stored is in the [`Snapshot`], what is wanted in the [`Statuses`]. A controller
//! performs the writes, each on the status subresource and under the resource version that it was
//! planned for.

mod merge;
#[cfg(test)]
mod tests;

use gateway_model::{Kind, Object, ObjectRef, RouteStatus};
use serde::Serialize;

use crate::{Snapshot, Status, Statuses, Store};

pub use merge::MergeStatus;

/// One status to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusWrite {
    /// The object.
    pub object: ObjectRef,
    /// The version that the write was planned for: another one must not be overwritten. `None`
    /// where the snapshot knows none.
    pub resource_version: Option<String>,
    /// The whole new status, what others wrote included.
    pub status: Status,
}

/// The writes that are missing, ordered by kind, namespace and name; none for objects whose status
/// is as wanted already.
///
/// Only what belongs to `controller` changes: its condition types, and its entries in the
/// `status.parents` of routes. Routes that have such entries but no wanted status lose them; other
/// objects without a wanted status are left alone.
pub fn plan_statuses(
    snapshot: &Snapshot,
    statuses: &Statuses,
    controller: &str,
) -> Vec<StatusWrite> {
    let mut plan = Plan {
        statuses,
        controller,
        writes: Vec::new(),
    };
    plan.kind(
        snapshot.gateway_classes(),
        |status| match status {
            Some(Status::GatewayClass(wanted)) => Some(wanted.clone()),
            _ => None,
        },
        Status::GatewayClass,
    );
    plan.kind(
        snapshot.gateways(),
        |status| match status {
            Some(Status::Gateway(wanted)) => Some(wanted.clone()),
            _ => None,
        },
        Status::Gateway,
    );
    plan.kind(
        snapshot.http_routes(),
        |status| match status {
            Some(Status::HttpRoute(wanted)) => Some(wanted.clone()),
            _ => Some(RouteStatus::default()),
        },
        Status::HttpRoute,
    );
    plan.writes
}

struct Plan<'a> {
    statuses: &'a Statuses,
    controller: &'a str,
    writes: Vec<StatusWrite>,
}

impl Plan<'_> {
    /// Plans for all objects of one kind.
    fn kind<S, T: MergeStatus>(
        &mut self,
        objects: &Store<Object<S, T>>,
        wanted: impl Fn(Option<&Status>) -> Option<T>,
        status: impl Fn(T) -> Status,
    ) where
        Object<S, T>: Kind,
    {
        for object in objects.iter() {
            let reference = object.reference();
            let Some(wanted) = wanted(self.statuses.get(&reference)) else {
                continue;
            };
            let merged = object.status.merged(&wanted, self.controller);
            if merged != object.status {
                self.writes.push(StatusWrite {
                    object: reference,
                    resource_version: object.metadata().resource_version.clone(),
                    status: status(merged),
                });
            }
        }
    }
}
