//! Where Upstreams are.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::AwsUpstream;

/// Where an Upstream is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UpstreamType {
    /// A port of a Service.
    Kube(KubeUpstream),
    /// Hosts that are listed.
    Static(StaticUpstream),
    /// A socket of this machine.
    Pipe(PipeUpstream),
    /// Functions of AWS Lambda.
    Aws(AwsUpstream),
    /// Machines of AWS.
    AwsEc2(serde_json::Value),
    /// Azure functions.
    Azure(serde_json::Value),
    /// A service of Consul.
    Consul(serde_json::Value),
    /// Google Cloud Run.
    Gcp(serde_json::Value),
    /// A provider of language models.
    Ai(serde_json::Value),
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeUpstream {
    /// The Service.
    pub service_name: String,
    /// Its namespace.
    pub service_namespace: String,
    /// Its port.
    pub service_port: u32,
    /// Which of its pods; all, when it is empty.
    pub selector: BTreeMap<String, String>,
}

/// A socket of the machine of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct PipeUpstream {
    /// Where it is.
    pub path: String,
}

/// Hosts that are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StaticUpstream {
    /// The hosts.
    pub hosts: Vec<StaticHost>,
    /// Are they connected to by TLS? Where it is not given: if a port is 443.
    pub use_tls: Option<bool>,
    /// Are they asked for by their names (SNI) where they have no `sniAddr`? They are, when it is not given.
    pub auto_sni_rewrite: Option<bool>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StaticHost {
    /// Its address, or a name.
    pub addr: String,
    /// Its port.
    pub port: u32,
    /// The name that it is asked for (SNI).
    pub sni_addr: String,
    /// Its share, relative to that of the others; 1, when it is 0.
    pub load_balancing_weight: u32,
}

/// What was found out of what an Upstream was made for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct DiscoveryMetadata {
    /// The labels that it has.
    pub labels: BTreeMap<String, String>,
}
