//! GatewayParameters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GATEWAY, kind};
use crate::Object;

/// How a Gateway is to be deployed. This gateway deploys nothing, so none of it has an effect here.
pub type GatewayParameters = Object<GatewayParametersSpec>;

kind!(
    GatewayParameters,
    "GatewayParameters",
    "gatewayparameters",
    GATEWAY,
    "v1alpha1"
);

/// What a GatewayParameters asks for, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayParametersSpec(pub Map<String, Value>);
