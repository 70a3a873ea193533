//! Secret.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::SecretBytes;
use crate::{Kind, ObjectMeta};

/// Bytes under names, such as a certificate and its key. The values never appear in `Debug` output,
/// and neither do annotations: `kubectl apply` keeps the whole object in one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire")]
pub struct Secret {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What it holds, as in `kubernetes.io/tls`; `Opaque` by default.
    #[serde(rename = "type")]
    pub type_: String,
    /// The values; those of `stringData` included, which win over those of `data`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, SecretBytes>,
}

impl Kind for Secret {
    const GROUP: &'static str = "";
    const KIND: &'static str = "Secret";
    const PLURAL: &'static str = "secrets";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            metadata,
            type_,
            data,
        } = self;
        f.debug_struct("Secret")
            .field("namespace", &metadata.namespace)
            .field("name", &metadata.name)
            .field("generation", &metadata.generation)
            .field("type", type_)
            .field("data", data)
            .finish_non_exhaustive()
    }
}

/// As manifests have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    metadata: ObjectMeta,
    #[serde(default = "opaque", rename = "type")]
    type_: String,
    #[serde(default)]
    data: BTreeMap<String, SecretBytes>,
    #[serde(default)]
    string_data: BTreeMap<String, String>,
}

impl From<Wire> for Secret {
    fn from(wire: Wire) -> Self {
        let Wire {
            metadata,
            type_,
            mut data,
            string_data,
        } = wire;
        let plain = string_data.into_iter();
        data.extend(plain.map(|(key, value)| (key, SecretBytes::new(value.into_bytes()))));
        Self {
            metadata,
            type_,
            data,
        }
    }
}

fn opaque() -> String {
    "Opaque".to_owned()
}
