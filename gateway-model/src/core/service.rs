//! Service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Kind, Object, ObjectMeta, Port};

/// A name for a set of endpoints.
pub type Service = Object<ServiceSpec>;

impl Kind for Service {
    const GROUP: &'static str = "";
    const KIND: &'static str = "Service";
    const PLURAL: &'static str = "services";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What a Service asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// How it is reached; `ClusterIP` by default.
    #[serde(default, rename = "type")]
    pub type_: ServiceType,
    /// Its address in the cluster; `None` or `"None"` (headless) when it has none.
    #[serde(default, rename = "clusterIP", skip_serializing_if = "Option::is_none")]
    pub cluster_ip: Option<String>,
    /// Its ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ServicePort>,
    /// The labels of its pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
    /// The DNS name that it stands for, when it is an `ExternalName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_name: Option<String>,
}

/// How a Service is reached.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[non_exhaustive]
pub enum ServiceType {
    /// At an address in the cluster.
    #[default]
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    /// At a port of every node as well.
    NodePort,
    /// At a load balancer as well.
    LoadBalancer,
    /// It stands for a DNS name.
    ExternalName,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Wire")]
pub struct ServicePort {
    /// Name; endpoints have their ports under the same name. Empty when a single port has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Protocol; TCP by default.
    pub protocol: TransportProtocol,
    /// The number under which the Service is reached.
    pub port: Port,
    /// The number or name of the port at the pods; `port` by default.
    pub target_port: IntOrString,
    /// What is spoken, as in `kubernetes.io/h2c` (GEP-1911).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
}

/// As manifests have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    name: String,
    #[serde(default)]
    protocol: TransportProtocol,
    port: Port,
    target_port: Option<IntOrString>,
    app_protocol: Option<String>,
}

impl From<Wire> for ServicePort {
    fn from(wire: Wire) -> Self {
        let Wire {
            name,
            protocol,
            port,
            target_port,
            app_protocol,
        } = wire;
        let target_port = target_port.unwrap_or(IntOrString::Int(port.get().into()));
        Self {
            name,
            protocol,
            port,
            target_port,
            app_protocol,
        }
    }
}

/// The protocol of a port of a Service.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum TransportProtocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A number or a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A name.
    String(String),
}
