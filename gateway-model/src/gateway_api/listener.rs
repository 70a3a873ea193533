//! Listeners.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LabelSelector, Protocol, SecretObjectReference};
use crate::{Hostname, Port, SectionName, Unread};

/// A place where a Gateway takes connections, and which routes may use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// Name, unique within the Gateway.
    pub name: SectionName,
    /// The hosts that are served; all when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Hostname>,
    /// The port.
    pub port: Port,
    /// The protocol.
    pub protocol: Protocol,
    /// How TLS is handled; for the protocols HTTPS and TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// Which routes may attach.
    pub allowed_routes: AllowedRoutes,
    /// What isn't understood of a stored listener: it must not be served.
    #[serde(rename = "\0unread", default, skip_serializing)]
    pub unread: Vec<Unread>,
}

/// How a listener handles TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerTls {
    /// Who terminates TLS.
    pub mode: TlsMode,
    /// The certificates to present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_refs: Vec<SecretObjectReference>,
    /// Settings of the implementation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

/// Who terminates TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsMode {
    /// The Gateway.
    Terminate,
    /// The backend; the Gateway reads the SNI only.
    Passthrough,
}

/// Which routes may attach to a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedRoutes {
    /// From where.
    pub namespaces: NamespacesFrom,
    /// Of which kinds; when empty, those that the protocol implies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<RouteGroupKind>,
}

/// A choice of namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespacesFrom {
    /// Which namespaces.
    pub from: FromNamespaces,
    /// Their labels, when `from` is [`FromNamespaces::Selector`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Which namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FromNamespaces {
    /// All.
    All,
    /// Those whose labels match the selector.
    Selector,
    /// That of the resource itself.
    Same,
    /// None; not for routes.
    None,
}

/// A kind of route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RouteGroupKind {
    /// API group, by default that of the Gateway API.
    pub group: String,
    /// Kind.
    pub kind: String,
}
