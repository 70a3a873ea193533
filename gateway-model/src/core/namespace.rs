//! Namespace.

use serde::{Deserialize, Serialize};

use crate::{Kind, ObjectMeta};

/// A namespace; its labels are what selectors look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Name and labels.
    pub metadata: ObjectMeta,
}

impl Kind for Namespace {
    const GROUP: &'static str = "";
    const KIND: &'static str = "Namespace";
    const PLURAL: &'static str = "namespaces";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = false;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
