//! Gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AddressType, GROUP, GatewayStatus, Listener, LocalObjectReference, NamespacesFrom,
    ObjectReference, SecretObjectReference,
};
use crate::{Kind, Object, ObjectMeta, Port, Unread};

/// A set of listeners on addresses.
pub type Gateway = Object<GatewaySpec, GatewayStatus>;

impl Kind for Gateway {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "Gateway";
    const PLURAL: &'static str = "gateways";
    const VERSIONS: &'static [&'static str] = &["v1", "v1beta1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What a Gateway asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySpec {
    /// The name of its GatewayClass.
    pub gateway_class_name: String,
    /// Where it listens; 1 to 64, names unique.
    pub listeners: Vec<Listener>,
    /// The addresses that it asks for; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<GatewayAddress>,
    /// What to put on the infrastructure that is made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<Infrastructure>,
    /// Which ListenerSets may attach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_listeners: Option<AllowedListeners>,
    /// TLS towards clients and backends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<GatewayTls>,
    /// Is it a default Gateway, for routes that ask for one? (experimental, GEP-3793)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<DefaultScope>,
    /// What isn't understood of a stored object, its listeners aside: it must not be served.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// An address that a Gateway asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayAddress {
    /// What kind of address.
    #[serde(rename = "type")]
    pub type_: AddressType,
    /// The address; any of the type when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What to put on the infrastructure that is made for a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Infrastructure {
    /// Labels; at most 8.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; at most 16.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Settings of the implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<LocalObjectReference>,
}

/// Which ListenerSets may attach to a Gateway (GEP-1713).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedListeners {
    /// From where.
    pub namespaces: NamespacesFrom,
}

/// A Gateway's TLS towards clients and backends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayTls {
    /// Towards backends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendTls>,
    /// Towards clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontend: Option<FrontendTls>,
}

/// A Gateway's TLS towards backends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTls {
    /// The certificate that the Gateway presents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_ref: Option<SecretObjectReference>,
}

/// A Gateway's TLS towards clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendTls {
    /// For all HTTPS listeners whose port isn't in `per_port`.
    pub default: FrontendTlsConfig,
    /// For the listeners of one port; ports unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_port: Vec<FrontendTlsPort>,
}

/// Settings for the listeners of one port, in place of the default ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontendTlsPort {
    /// The port.
    pub port: Port,
    /// The settings.
    pub tls: FrontendTlsConfig,
}

/// TLS towards clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontendTlsConfig {
    /// How client certificates are validated; clients need none when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<FrontendValidation>,
}

/// How client certificates are validated (GEP-91).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendValidation {
    /// The authorities to trust; 1 to 16.
    pub ca_certificate_refs: Vec<ObjectReference>,
    /// What happens to clients whose certificate doesn't validate.
    pub mode: FrontendValidationMode,
}

/// What happens to clients whose certificate doesn't validate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FrontendValidationMode {
    /// They are refused.
    AllowValidOnly,
    /// They are served.
    AllowInsecureFallback,
}

/// Which routes a default Gateway takes, or which default Gateways a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DefaultScope {
    /// All.
    All,
    /// None.
    None,
}
