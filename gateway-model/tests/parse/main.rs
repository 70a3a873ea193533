//! Reading files: what is read, and what is said of what can't be.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod codes;
mod core_kinds;
#[cfg(feature = "files")]
mod files;
mod lines;
mod lists;
mod metadata;
mod properties;
mod status;
mod stored;
mod yaml;

use gateway_model::Manifests;

/// Reads a text as the file `x.yaml`.
fn parse(text: &str) -> Manifests {
    gateway_model::parse("x.yaml", text.as_bytes())
}

/// The problems, one per line.
fn problems(manifests: &Manifests) -> Vec<String> {
    manifests.problems.iter().map(ToString::to_string).collect()
}

/// The resources, as references.
fn names(manifests: &Manifests) -> Vec<String> {
    manifests
        .resources
        .iter()
        .map(|loaded| loaded.resource.reference().to_string())
        .collect()
}

/// A document with a valid Namespace.
fn namespace(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
}
