//! TLS towards Upstreams.

use serde::Deserialize;

use super::ResourceRef;
use crate::k8s_gateway::proto::numbered;

/// How an Upstream is connected to by TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SslConfig {
    /// A Secret with the certificate that is shown, and with those of authorities.
    pub secret_ref: Option<ResourceRef>,
    /// The same as files of the proxy.
    pub ssl_files: Option<serde_json::Value>,
    /// The same from a server of secrets.
    pub sds: Option<serde_json::Value>,
    /// The name that is asked for (SNI); none, when it is empty.
    pub sni: String,
    /// Names of which the certificate has to be for one; any name will do, when it is empty.
    pub verify_subject_alt_name: Vec<String>,
    /// What handshakes are narrowed to.
    pub parameters: SslParameters,
    /// What is offered by ALPN; what the protocol of the Upstream is called, when it is empty.
    pub alpn_protocols: Vec<String>,
    /// Is no certificate shown?
    pub one_way_tls: bool,
}

/// What handshakes are narrowed to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SslParameters {
    /// The lowest version.
    pub minimum_protocol_version: SslVersion,
    /// The highest version.
    pub maximum_protocol_version: SslVersion,
    /// The cipher suites, by the names of OpenSSL.
    pub cipher_suites: Vec<String>,
    /// The groups that keys are exchanged in.
    pub ecdh_curves: Vec<String>,
}

numbered! {
    /// A version of TLS.
    SslVersion {
        /// The proxy's own bound.
        Auto = 0 "TLS_AUTO",
        /// TLS 1.0.
        V1_0 = 1 "TLSv1_0",
        /// TLS 1.1.
        V1_1 = 2 "TLSv1_1",
        /// TLS 1.2.
        V1_2 = 3 "TLSv1_2",
        /// TLS 1.3.
        V1_3 = 4 "TLSv1_3",
    }
}
