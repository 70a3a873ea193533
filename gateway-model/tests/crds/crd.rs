//! The CRDs that the repository has, and a walk over their schemas.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

/// The kinds of both channels, by the names of their CRDs.
const SHARED: [&str; 10] = [
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

/// The kinds that only the experimental channel has.
const EXPERIMENTS: [&str; 3] = ["xbackends", "xbackendtrafficpolicies", "xmeshes"];

/// A CRD.
pub(crate) struct Crd {
    pub(crate) channel: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    /// Served versions and their schemas.
    pub(crate) versions: Vec<(String, Value)>,
}

impl Crd {
    /// Its storage version, with the group.
    pub(crate) fn api_version(&self) -> String {
        let first = self.versions[0].0.as_str();
        let version = match first {
            "v1beta1" => "v1",
            other => other,
        };
        format!("{}/{version}", self.group)
    }

    pub(crate) fn schema(&self) -> &Value {
        &self.versions[0].1
    }
}

/// All of both channels.
pub(crate) fn all() -> &'static [Crd] {
    static ALL: LazyLock<Vec<Crd>> = LazyLock::new(|| {
        let shared = ["standard", "experimental"]
            .into_iter()
            .flat_map(|channel| SHARED.map(|plural| read(channel, plural)));
        let experiments = EXPERIMENTS.map(|plural| read("experimental", plural));
        shared.chain(experiments).collect()
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
        group: crd["spec"]["group"].as_str().unwrap().to_owned(),
        namespaced: crd["spec"]["scope"] == "Namespaced",
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
