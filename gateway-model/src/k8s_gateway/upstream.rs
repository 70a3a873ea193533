//! Upstream.

use super::options::options;
use super::{CONTROL_PLANE, OptionStatuses, kind, values};
use crate::Object;

/// Something that routes can forward to, with how it is connected to.
pub type Upstream = Object<UpstreamSpec, OptionStatuses>;

kind!(Upstream, "Upstream", CONTROL_PLANE, "v1");

options! {
    /// What an Upstream is.
    UpstreamSpec {
        /// Where it is.
        upstream_type: values::UpstreamType = "upstreamtype" ["kube", "static", "pipe", "aws", "awsEc2", "azure", "consul", "gcp", "ai"],
        /// How connections to it are made.
        connection_config: values::ConnectionConfig = "connectionconfig" ["connectionConfig"],
        /// How connections to it are secured.
        ssl_config: values::SslConfig = "sslconfig" ["sslConfig"],
        /// How requests are spread over its endpoints.
        load_balancer_config: values::LoadBalancer = "loadbalancerconfig" ["loadBalancerConfig"],
        /// When endpoints that fail are left alone.
        outlier_detection: values::OutlierDetection = "outlierdetection" ["outlierDetection"],
        /// Does it speak HTTP/2?
        use_http2: bool = "usehttp2" ["useHttp2"],
    }
    refused: ["failover"],
    ignored: [
        "circuitBreakers", "disableIstioAutoMtls", "discoveryMetadata", "dnsRefreshRate",
        "healthChecks", "httpConnectHeaders", "httpConnectSslConfig", "httpProxyHostname",
        "ignoreHealthOnHostRemoval", "initialConnectionWindowSize", "initialStreamWindowSize",
        "maxConcurrentStreams",
        "overrideStreamErrorOnInvalidHttpMessage", "preconnectPolicy", "protocolSelection",
        "proxyProtocolVersion", "respectDnsTtl",
    ],
}
