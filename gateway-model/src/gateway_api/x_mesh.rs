//! XMesh.

use serde::{Deserialize, Serialize};

use super::{GatewayClassStatus, ObjectReference, X_GROUP};
use crate::{Kind, Object, ObjectMeta};

/// A mesh that one controller implements; cluster-scoped (experimental, GEP-3949). Its status has what that of a
/// class of Gateways has.
pub type XMesh = Object<XMeshSpec, GatewayClassStatus>;

impl Kind for XMesh {
    const GROUP: &'static str = X_GROUP;
    const KIND: &'static str = "XMesh";
    const PLURAL: &'static str = "xmeshes";
    const VERSIONS: &'static [&'static str] = &["v1alpha1"];
    const NAMESPACED: bool = false;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What an XMesh asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct XMeshSpec {
    /// The controller in charge, as in `example.com/mesh`.
    pub controller_name: String,
    /// Settings of the mesh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<ObjectReference>,
    /// For people; at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
