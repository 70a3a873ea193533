//! Which of two objects goes first where one has to.

use std::cmp::Ordering;

use gateway_model::{CustomObject, EndpointSlice, Kind, Object, ObjectMeta, ObjectRef};

/// An object of any kind, modelled or not.
pub(crate) trait Named {
    fn meta(&self) -> &ObjectMeta;
    fn object(&self) -> ObjectRef;
}

impl<S, T> Named for Object<S, T>
where
    Self: Kind,
{
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn object(&self) -> ObjectRef {
        self.reference()
    }
}

impl Named for EndpointSlice {
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn object(&self) -> ObjectRef {
        self.reference()
    }
}

impl Named for CustomObject {
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn object(&self) -> ObjectRef {
        self.reference()
    }
}

/// The older of two objects goes first, then the one whose `namespace/name` sorts first.
pub(crate) fn by_age(a: &impl Named, b: &impl Named) -> Ordering {
    let age = a
        .meta()
        .creation_timestamp
        .cmp(&b.meta().creation_timestamp);
    age.then_with(|| a.object().cmp_by_text(&b.object()))
}
