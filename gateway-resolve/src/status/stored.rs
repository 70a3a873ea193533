//! Statuses as resources have them, and as they are written.

use std::sync::Arc;

use gateway_model::{ObjectRef, Resource};

use crate::Snapshot;
use crate::status_plan::{Plan, StatusWrite};
use crate::stores::with_stores;

use super::Status;

/// What follows from the list of kinds for a [`Status`].
macro_rules! statuses {
    ($($(#[$doc:meta])* $([$feature:literal])? $kind:ident: $store:ident $(=> $status:ident)?,)*) => {
        impl Status {
            /// The status that a resource has; `None` for one of a kind of which no statuses are written.
            pub fn stored_in(resource: &Resource) -> Option<Self> {
                $($(#[cfg(feature = $feature)])? {
                    $(if let Resource::$kind(object) = resource {
                        return Some(Self::$status(object.status.clone()));
                    })?
                })*
                match resource {
                    Resource::Custom(object) => Some(Self::Custom {
                        api_version: object.api_version.clone(),
                        status: object.status.clone(),
                    }),
                    _ => None,
                }
            }

            /// Gives a resource this status; says whether it is of a kind that has one like it.
            pub fn store_in(&self, resource: &mut Resource) -> bool {
                $($(#[cfg(feature = $feature)])? {
                    $(if let (Resource::$kind(object), Self::$status(status)) = (&mut *resource, self) {
                        Arc::make_mut(object).status.clone_from(status);
                        return true;
                    })?
                })*
                match (resource, self) {
                    (Resource::Custom(object), Self::Custom { status, .. }) => {
                        Arc::make_mut(object).status.clone_from(status);
                        true
                    }
                    _ => false,
                }
            }
        }

        impl Plan<'_> {
            /// The writes that objects miss, kind by kind.
            pub(crate) fn of_all(self, snapshot: &Snapshot) -> Vec<StatusWrite> {
                let mut writes = Vec::new();
                $($(#[cfg(feature = $feature)])? {
                    $(writes.extend(self.missing(snapshot.$store(), Status::$status));)?
                })*
                let customs = snapshot.customs.iter();
                writes.extend(customs.filter_map(|object| self.missing_of_custom(object)));
                writes
            }

            /// The write that an object misses.
            pub(crate) fn of_one(self, snapshot: &Snapshot, object: &ObjectRef) -> Option<StatusWrite> {
                $($(#[cfg(feature = $feature)])? {
                    $(if snapshot.$store().is_of(object) {
                        return self.missing_of(snapshot.$store(), object, Status::$status);
                    })?
                })*
                self.missing_of_custom(snapshot.customs.get(object)?)
            }
        }
    };
}

with_stores!(statuses);
