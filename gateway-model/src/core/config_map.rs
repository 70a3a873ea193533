//! ConfigMap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SecretBytes;
use crate::{Kind, ObjectMeta};

/// Texts under names, such as the certificates of authorities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMap {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// The texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Values that aren't text. They keep as quiet as a Secret's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub binary_data: BTreeMap<String, SecretBytes>,
}

impl Kind for ConfigMap {
    const GROUP: &'static str = "";
    const KIND: &'static str = "ConfigMap";
    const PLURAL: &'static str = "configmaps";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
