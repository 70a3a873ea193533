//! How much a change matters.

use gateway_model::{ObjectMeta, Resource};
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
        let is_same = known.asks_for_the_same_as(resource)
            && same_wishes(known.metadata(), resource.metadata());
        match is_same {
            true => Self::Statuses,
            false => Self::Resources,
        }
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
