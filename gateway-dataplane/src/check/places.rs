//! Where resources were read.

use std::collections::HashMap;

use gateway_model::{
    Code, FieldLines, Loaded, Location, Manifests, ObjectRef, Problem, Resource, Severity,
};

/// Where resources were read.
#[derive(Debug)]
pub struct Places {
    valid: HashMap<ObjectRef, Place>,
    /// Those that were given and are not used, with the first complaint about each.
    left_out: HashMap<ObjectRef, Location>,
}

/// Where a resource was read.
#[derive(Debug)]
struct Place {
    location: Location,
    lines: FieldLines,
}

impl Places {
    /// Takes the resources out of `manifests`, and notes where they were.
    pub fn take(manifests: &mut Manifests) -> (Vec<Resource>, Self) {
        let mut valid = HashMap::new();
        let mut resources = Vec::new();
        for loaded in std::mem::take(&mut manifests.resources) {
            let Loaded {
                resource,
                location,
                lines,
            } = loaded;
            valid.insert(resource.reference(), Place { location, lines });
            resources.push(resource);
        }
        let left_out = left_out(&manifests.problems);
        (resources, Self { valid, left_out })
    }

    /// File and line of a field, or of the whole resource.
    pub fn find(&self, object: &ObjectRef, field: Option<&str>) -> Option<(String, u32)> {
        let Place { location, lines } = self.valid.get(object)?;
        let line = field.map_or(location.line, |field| lines.line(field));
        Some((location.file.to_string(), line))
    }

    /// Where it is told why a resource that was given is not used.
    pub fn complaint(&self, object: &ObjectRef) -> Option<&Location> {
        self.left_out.get(object)
    }
}

fn left_out(problems: &[Problem]) -> HashMap<ObjectRef, Location> {
    let mut left_out = HashMap::new();
    for problem in problems {
        let is_left_out =
            problem.severity == Severity::Error || problem.code == Code::UnservedVersion;
        if let (true, Some(object)) = (is_left_out, &problem.resource) {
            let mut object = object.clone();
            // A version that is not read keeps the namespace as it was written, or not.
            if object.namespace.is_empty() {
                object.namespace = "default".into();
            }
            left_out
                .entry(object)
                .or_insert_with(|| problem.location.clone());
        }
    }
    left_out
}
