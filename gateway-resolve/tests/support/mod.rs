//! What the tests share.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::Path;

use gateway_model::{Manifests, Resource, Timestamp};
use gateway_resolve::{ClassSelection, Config, Mesh, Snapshot, Statuses, UsableAddresses};
use serde::Deserialize;

/// The time of all resolutions.
pub(crate) fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// The resources of a file, all of which have to be valid.
pub(crate) fn snapshot(path: &Path) -> Snapshot {
    let bytes = fs::read(path).unwrap();
    Snapshot::from_resources(resources(&path.display().to_string(), &bytes))
}

/// The resources of a file as an API server has stored them, which may have a newer CRD than this library.
pub(crate) fn stored(path: &Path) -> Snapshot {
    let bytes = fs::read(path).unwrap();
    let stored = gateway_model::parse_stored(&path.display().to_string(), &bytes);
    assert!(!stored.has_errors(), "{:?}", stored.problems);
    stored.resources.into_iter().map(|l| l.resource).collect()
}

/// The resources of a manifest, all of which have to be valid.
pub(crate) fn resources(file: &str, bytes: &[u8]) -> Vec<Resource> {
    let Manifests {
        resources,
        unknown,
        problems,
        ..
    } = gateway_model::parse(file, bytes);
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(unknown.is_empty(), "{file}: {unknown:?}");
    resources
        .into_iter()
        .map(|loaded| loaded.resource)
        .collect()
}

/// The resource with the status that it is to have, if any.
pub(crate) fn with_status(resource: &Resource, statuses: &Statuses) -> Resource {
    let mut resource = resource.clone();
    if let Some(wanted) = statuses.get(&resource.reference()) {
        assert!(wanted.store_in(&mut resource), "{wanted:?}");
    }
    resource
}

/// The configuration of a case; what it leaves out is as by default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    controller_name: Option<String>,
    only_controller: Option<bool>,
    only_class: Option<String>,
    supported_features: Option<Vec<String>>,
    default_addresses: Option<Vec<gateway_model::GatewayStatusAddress>>,
    usable_addresses: Option<Vec<ipnet::IpNet>>,
    /// The controller of the mesh.
    mesh: Option<String>,
}

/// The configuration by default, with a mesh.
pub(crate) fn with_mesh() -> Config {
    let mut config = Config::default();
    config.mesh = Some(Mesh::new("x.dev/mesh"));
    config
}

/// Reads the configuration of a case.
pub(crate) fn config(bytes: &[u8]) -> Config {
    let written: Written = serde_json::from_slice(bytes).unwrap();
    let mut config = Config::default();
    if let Some(name) = written.controller_name {
        config.controller_name = name;
    }
    if written.only_controller == Some(true) {
        config.classes = ClassSelection::Controller;
    }
    if let Some(class) = written.only_class {
        config.classes = ClassSelection::Named(class);
    }
    if let Some(features) = written.supported_features {
        config.supported_features = features.into_iter().collect();
    }
    if let Some(addresses) = written.default_addresses {
        config.default_addresses = addresses;
    }
    if let Some(networks) = written.usable_addresses {
        config.usable_addresses = UsableAddresses::Within(networks);
    }
    config.mesh = written.mesh.map(Mesh::new);
    config
}
