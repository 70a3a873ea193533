//! GatewayClass.

use serde::{Deserialize, Serialize};

use super::{GROUP, ObjectReference};
use crate::{Condition, Kind, Object, ObjectMeta};

/// A class of Gateways that one controller serves; cluster-scoped.
pub type GatewayClass = Object<GatewayClassSpec, GatewayClassStatus>;

impl Kind for GatewayClass {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "GatewayClass";
    const PLURAL: &'static str = "gatewayclasses";
    const VERSIONS: &'static [&'static str] = &["v1", "v1beta1"];
    const NAMESPACED: bool = false;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What a GatewayClass asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayClassSpec {
    /// The controller in charge, as in `example.com/gateway`.
    pub controller_name: String,
    /// Settings for all Gateways of the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<ObjectReference>,
    /// For people; at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What was observed of a GatewayClass.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayClassStatus {
    /// `Accepted`, `SupportedVersion`.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The features that the controller supports, in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supported_features: Vec<SupportedFeature>,
}

/// A feature that a controller supports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SupportedFeature {
    /// Its name, as in `HTTPRouteMethodMatching`.
    pub name: String,
}
