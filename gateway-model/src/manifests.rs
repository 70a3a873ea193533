//! What came out of a file.

use std::collections::HashMap;
use std::fmt;

use crate::{Code, FieldLines, Location, ObjectRef, Problem, Resource, Severity};

/// What came out of one file or several.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The resources that are valid, in the order of the files; each resource once.
    pub resources: Vec<Loaded>,
    /// The objects whose kind is not modelled, as they came.
    pub unknown: Vec<UnknownObject>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A resource and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The resource.
    pub resource: Resource,
    /// Where it starts.
    pub location: Location,
    /// Where its fields are.
    pub lines: FieldLines,
}

/// An object whose kind or version is not modelled. `Debug` output leaves its content out.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownObject {
    /// Names it; the namespace is as the manifest has it.
    pub reference: ObjectRef,
    /// Its `apiVersion`.
    pub api_version: String,
    /// Where it starts.
    pub location: Location,
    /// The whole object.
    pub value: serde_json::Value,
}

impl fmt::Debug for UnknownObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reference,
            api_version,
            location,
            value: _,
        } = self;
        f.debug_struct("UnknownObject")
            .field("reference", reference)
            .field("api_version", api_version)
            .field("location", location)
            .finish_non_exhaustive()
    }
}

impl Manifests {
    /// Adds what came out of another file. Of resources that both have, the first is kept and the
    /// other is reported.
    pub fn extend(&mut self, other: Self) {
        let Self {
            resources,
            unknown,
            problems,
        } = other;
        self.unknown.extend(unknown);
        self.problems.extend(problems);
        let mut seen: HashMap<ObjectRef, Location> = self
            .resources
            .iter()
            .map(|loaded| (loaded.resource.reference(), loaded.location.clone()))
            .collect();
        for loaded in resources {
            self.push(loaded, &mut seen);
        }
    }

    /// Joins what came out of several files.
    pub fn merge(files: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let mut seen = HashMap::new();
        for Self {
            resources,
            unknown,
            problems,
        } in files
        {
            all.unknown.extend(unknown);
            all.problems.extend(problems);
            for loaded in resources {
                all.push(loaded, &mut seen);
            }
        }
        all
    }

    /// Does any problem keep a resource from being used?
    pub fn has_errors(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Adds a resource, unless `seen` has it.
    pub(crate) fn push(&mut self, loaded: Loaded, seen: &mut HashMap<ObjectRef, Location>) {
        let reference = loaded.resource.reference();
        let Some(first) = seen.get(&reference) else {
            seen.insert(reference, loaded.location.clone());
            self.resources.push(loaded);
            return;
        };
        self.problems.push(Problem {
            severity: Severity::Error,
            code: Code::DuplicateResource,
            location: loaded.location,
            message: format!("expected each resource once, found it at {first} already"),
            resource: Some(reference),
            field: None,
        });
    }
}
