//! The objects of a snapshot whose kinds are somebody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{CustomObject, ObjectRef};

use crate::Store;
use crate::index::{Change, Index};

/// Objects by kind. A clone shares all until either is changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customs(Arc<BTreeMap<KindName, OfKind>>);

/// Group and kind.
pub(crate) type KindName = (Box<str>, Box<str>);

#[derive(Debug, Clone, Default)]
struct OfKind {
    objects: Store<CustomObject>,
    by_target: Index<CustomObject>,
}

/// The kind of an object.
pub(crate) fn kind_of(object: &ObjectRef) -> KindName {
    ((*object.group).into(), (*object.kind).into())
}

impl Customs {
    pub(crate) fn insert(&mut self, object: Arc<CustomObject>) {
        let reference = object.reference();
        let of_kind = Arc::make_mut(&mut self.0).entry(kind_of(&reference));
        let objects = &mut of_kind.or_default().objects;
        objects.insert(&reference.namespace, &reference.name, object);
    }

    pub(crate) fn remove(&mut self, reference: &ObjectRef) -> bool {
        if self.get(reference).is_none() {
            return false;
        }
        let of_kind = Arc::make_mut(&mut self.0).get_mut(&kind_of(reference));
        let removed = of_kind.and_then(|of_kind| {
            let ObjectRef {
                namespace, name, ..
            } = reference;
            of_kind.objects.remove(namespace, name)
        });
        removed.is_some()
    }

    pub(crate) fn get(&self, reference: &ObjectRef) -> Option<&Arc<CustomObject>> {
        let of_kind = self.0.get(&kind_of(reference))?;
        of_kind.objects.get(&reference.namespace, &reference.name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<CustomObject>> {
        self.0.values().flat_map(|of_kind| of_kind.objects.iter())
    }

    /// All objects of a kind, by namespace and name.
    pub(crate) fn of_kind<'a>(
        &'a self,
        kind: &KindName,
    ) -> impl Iterator<Item = &'a Arc<CustomObject>> + use<'a> {
        let of_kind = self.0.get(kind);
        of_kind
            .into_iter()
            .flat_map(|of_kind| of_kind.objects.iter())
    }

    /// The policies of a kind that are for an object, by name.
    pub(crate) fn policies<'a>(
        &'a self,
        kind: &KindName,
        target: &ObjectRef,
    ) -> impl Iterator<Item = &'a Arc<CustomObject>> + use<'a> {
        let of_kind = self.0.get(kind);
        let found = of_kind.map(|of_kind| of_kind.by_target.of(target));
        found.into_iter().flatten()
    }

    /// Finds an object by what it is for, or no more; what that is.
    pub(crate) fn change(&mut self, object: &Arc<CustomObject>, change: Change) -> Vec<ObjectRef> {
        let kind = kind_of(&object.reference());
        let of_kind = Arc::make_mut(&mut self.0).entry(kind).or_default();
        of_kind.by_target.change(object, change)
    }
}
