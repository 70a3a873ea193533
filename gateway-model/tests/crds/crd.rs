//! The CRDs that the repository has, and a walk over their schemas.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

/// The kinds that gateway-model has, by the names of their CRDs.
pub(crate) const PLURALS: [&str; 10] = [
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "tlsroutes",
    "tcproutes",
    "udproutes",
    "listenersets",
    "backendtlspolicies",
    "referencegrants",
];

/// The channels.
pub(crate) const CHANNELS: [&str; 2] = ["standard", "experimental"];

/// A CRD.
pub(crate) struct Crd {
    pub(crate) channel: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: String,
    /// Served versions and their schemas.
    pub(crate) versions: Vec<(String, Value)>,
}

impl Crd {
    pub(crate) fn schema(&self) -> &Value {
        &self.versions[0].1
    }
}

/// All of both channels.
pub(crate) fn all() -> &'static [Crd] {
    static ALL: LazyLock<Vec<Crd>> = LazyLock::new(|| {
        let pairs = CHANNELS
            .into_iter()
            .flat_map(|channel| PLURALS.map(|plural| (channel, plural)));
        pairs
            .map(|(channel, plural)| read(channel, plural))
            .collect()
    });
    &ALL
}

/// Those of the channel that the model follows.
pub(crate) fn experimental() -> impl Iterator<Item = &'static Crd> {
    all().iter().filter(|crd| crd.channel == "experimental")
}

fn read(channel: &'static str, plural: &'static str) -> Crd {
    let path = fixtures().join(channel).join(format!("{plural}.yaml"));
    let bytes = std::fs::read(&path).unwrap();
    let mut manifests = gateway_model::parse(plural, &bytes);
    assert_eq!(manifests.problems, [], "{}", path.display());
    let crd = manifests.unknown.remove(0).value;
    let versions = crd["spec"]["versions"].as_array().unwrap();
    let served = versions.iter().filter(|version| version["served"] == true);
    let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
    Crd {
        channel,
        plural,
        kind: crd["spec"]["names"]["kind"].as_str().unwrap().to_owned(),
        versions: served
            .map(|v| (v["name"].as_str().unwrap().to_owned(), schema(v)))
            .collect(),
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/crds")
}

/// Calls `visit` with every schema inside `schema` and its path (`.spec.rules[].name`, `{}` for the
/// values of maps).
pub(crate) fn walk<'s>(schema: &'s Value, path: &str, visit: &mut dyn FnMut(&str, &'s Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), visit);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), visit);
    }
    if schema["additionalProperties"].is_object() {
        walk(
            &schema["additionalProperties"],
            &format!("{path}{{}}"),
            visit,
        );
    }
}
