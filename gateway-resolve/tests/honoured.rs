//! What the model reads of the resources of K8sGateway is looked at by the resolver: a field that nobody looks at has to
//! be left to those that are known and not honoured, which are reported.

#![cfg(feature = "k8s-gateway")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Fields that have no effect by design, as `docs/k8sgateway.md` says in their rows: what they say is so in any case, or
/// means nothing to Envoy in that place either.
const WITHOUT_EFFECT: [&str; 10] = [
    "description",
    "disable_istio_auto_mtls",
    "discovery_metadata",
    "exact_balance",
    "ignore_health_on_host_removal",
    "override_stream_error",
    "previous_priorities",
    "suppress_envoy_headers",
    "update_frequency",
    "update_merge_window",
];

/// The texts of all files of Rust below a folder.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push((path.clone(), fs::read_to_string(&path).unwrap())),
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
}

/// The fields that are declared in a file: `pub name: Type`, or a line of a table of options.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let is_option = line.contains(" = \"") && line.contains("[\"");
        let field = line.strip_prefix("pub ").or(is_option.then_some(line))?;
        let (name, _) = field.split_once(": ")?;
        let is_name = |name: &str| words(name).eq([name]);
        is_name(name).then_some(name)
    })
}

#[test]
fn fields_that_the_model_reads_are_looked_at() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let resolver = sources(&root.join("src/k8s_gateway"));
    let looked_at: BTreeSet<_> = resolver.iter().flat_map(|(_, text)| words(text)).collect();
    let model = sources(&root.join("../gateway-model/src/k8s_gateway"));
    let of_values = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_value = path
            .parent()
            .is_some_and(|parent| parent.ends_with("values"));
        is_value || name == "upstream.rs" || name.ends_with("_option.rs")
    };
    let model: Vec<_> = model.iter().filter(|(path, _)| of_values(path)).collect();
    let declared: BTreeSet<_> = model.iter().flat_map(|(_, text)| declared(text)).collect();
    assert!(declared.len() > 250, "{}", declared.len());
    let unused: BTreeSet<_> = declared.difference(&looked_at).copied().collect();
    let allowed = BTreeSet::from(WITHOUT_EFFECT);
    let forgotten: Vec<_> = unused.difference(&allowed).collect();
    assert!(forgotten.is_empty(), "nobody looks at {forgotten:?}");
    let wrong: Vec<_> = allowed.difference(&unused).collect();
    assert!(
        wrong.is_empty(),
        "these have an effect, or are no more: {wrong:?}"
    );
}
