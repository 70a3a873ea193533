//! What answerers may look at.

use std::sync::Arc;

use gateway_model::{CustomObject, ObjectRef, Resource};

use crate::ir::{Backend, BackendId};
use crate::reader::Reader;
use crate::route::backends::backend;

/// The resources beside the one that is asked about. Whoever looked at one is asked again when that changes.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a>(pub(crate) &'a Reader<'a>);

impl Lookup<'_> {
    /// The resource of that kind and name.
    pub fn get(&self, object: &ObjectRef) -> Option<Resource> {
        self.0.resource(object)
    }

    /// The object of that name, of an own kind.
    pub fn custom(&self, object: &ObjectRef) -> Option<&CustomObject> {
        self.0.custom(object).map(|found| &**found)
    }

    /// What the port of a Service comes to, or a backend of an own kind.
    pub fn backend(&self, id: &BackendId) -> Option<Arc<Backend>> {
        backend(id, self.0)
    }

    /// May `from` refer to `to`? Across namespaces a ReferenceGrant has to say so.
    pub fn permits(&self, from: &ObjectRef, to: &ObjectRef) -> bool {
        self.0.permit(from, to)
    }
}
