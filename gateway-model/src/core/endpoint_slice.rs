//! EndpointSlice.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::TransportProtocol;
use crate::{Kind, ObjectMeta, Port};

/// Some of the endpoints of a Service, which the label `kubernetes.io/service-name` names.
///
/// Loopback and link-local addresses, which an API server refuses, are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What the addresses are.
    pub address_type: EndpointAddressType,
    /// The endpoints.
    #[serde(default)]
    pub endpoints: Vec<SliceEndpoint>,
    /// The ports, which all endpoints have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<SlicePort>,
}

impl Kind for EndpointSlice {
    const GROUP: &'static str = "discovery.k8s.io";
    const KIND: &'static str = "EndpointSlice";
    const PLURAL: &'static str = "endpointslices";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl EndpointSlice {
    /// The label that names the Service.
    pub const SERVICE_LABEL: &'static str = "kubernetes.io/service-name";

    /// The name of the Service, in the namespace of the slice.
    pub fn service(&self) -> Option<&str> {
        self.metadata
            .labels
            .get(Self::SERVICE_LABEL)
            .map(String::as_str)
    }
}

/// What the addresses of an EndpointSlice are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EndpointAddressType {
    /// IPv4 addresses.
    IPv4,
    /// IPv6 addresses.
    IPv6,
    /// DNS names.
    #[serde(rename = "FQDN")]
    Fqdn,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceEndpoint {
    /// Its addresses, which are interchangeable; the first is used.
    pub addresses: Vec<String>,
    /// May it be used?
    #[serde(default)]
    pub conditions: EndpointConditions,
}

impl SliceEndpoint {
    /// Its addresses, where they are IP addresses.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses
            .iter()
            .filter_map(|address| address.parse().ok())
    }
}

/// May an endpoint be used?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointConditions {
    /// For new connections? `None` means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Does it answer, terminating or not? `None` means as `ready` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<bool>,
    /// Is it on its way out? `None` means no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminating: Option<bool>,
}

/// A port that all endpoints of a slice have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlicePort {
    /// The name of the Service's port; `None` is as good as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The number; all ports when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Protocol; TCP by default.
    #[serde(default)]
    pub protocol: TransportProtocol,
    /// What is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
}
