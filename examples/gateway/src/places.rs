//! Where resources were read.

use std::collections::HashMap;

use gateway_model::{FieldLines, Loaded, Location, Manifests, ObjectRef, Resource};

/// Where resources were read.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<ObjectRef, Place>);

/// Where a resource was read.
#[derive(Debug)]
struct Place {
    location: Location,
    lines: FieldLines,
}

impl Places {
    /// Takes the resources out of `manifests`, and notes where they were.
    pub(crate) fn take(manifests: &mut Manifests) -> (Vec<Resource>, Self) {
        let mut places = HashMap::new();
        let mut resources = Vec::new();
        for loaded in std::mem::take(&mut manifests.resources) {
            let Loaded {
                resource,
                location,
                lines,
            } = loaded;
            places.insert(resource.reference(), Place { location, lines });
            resources.push(resource);
        }
        (resources, Self(places))
    }

    /// File and line of a field, or of the whole resource.
    pub(crate) fn find(&self, object: &ObjectRef, field: Option<&str>) -> Option<(String, u32)> {
        let Place { location, lines } = self.0.get(object)?;
        let line = field.map_or(location.line, |field| lines.line(field));
        Some((location.file.to_string(), line))
    }
}
