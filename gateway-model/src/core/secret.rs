//! Secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SecretBytes;
use crate::{Kind, ObjectMeta};

/// Bytes under names, such as a certificate and its key. The values never appear in `Debug` output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
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
