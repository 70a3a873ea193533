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

use gateway_model::{
    CustomObject, CustomStatus, GatewayClassStatus, GatewayStatus, Kind, ListenerSetStatus, Object,
    ObjectRef, PolicyStatus, RouteStatus,
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
    plan.of_all(snapshot)
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
    plan.of_one(snapshot, object)
}

/// What writes are planned by; which kinds there are is in `status/stored.rs`.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    statuses: &'a Statuses,
    author: Author<'a>,
}

impl Plan<'_> {
    /// The writes that objects of one kind miss.
    pub(crate) fn missing<S, T: Planned>(
        self,
        objects: &Store<Object<S, T>>,
        status: fn(T) -> Status,
    ) -> impl Iterator<Item = StatusWrite>
    where
        Object<S, T>: Kind,
    {
        let objects = objects.iter();
        objects.filter_map(move |object| self.write(object, status))
    }

    /// The write that one of them misses.
    pub(crate) fn missing_of<S, T: Planned>(
        self,
        objects: &Store<Object<S, T>>,
        object: &ObjectRef,
        status: fn(T) -> Status,
    ) -> Option<StatusWrite>
    where
        Object<S, T>: Kind,
    {
        self.write(objects.get(&object.namespace, &object.name)?, status)
    }

    /// The write that an object of an embedder's kind misses.
    pub(crate) fn missing_of_custom(self, object: &CustomObject) -> Option<StatusWrite> {
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

    fn write<S, T: Planned>(
        self,
        object: &Object<S, T>,
        status: fn(T) -> Status,
    ) -> Option<StatusWrite>
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
            status: status(merged),
            entry: T::entry(self.author),
        })
    }
}

/// A status that is planned for.
pub(crate) trait Planned: MergeStatus {
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
