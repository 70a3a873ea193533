//! Upstream.

use super::options::options;
use super::proto::Span;
use super::{CONTROL_PLANE, OptionStatuses, kind, values};
use crate::Object;

/// Something that routes can forward to, with how it is connected to.
pub type Upstream = Object<UpstreamSpec, OptionStatuses>;

kind!(Upstream, "Upstream", "upstreams", CONTROL_PLANE, "v1");

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
        /// How often names are looked up.
        dns_refresh_rate: Span = "dnsrefreshrate" ["dnsRefreshRate"],
        /// Are names looked up again when what is known of them expires?
        respect_dns_ttl: bool = "respectdnsttl" ["respectDnsTtl"],
        /// How its endpoints are asked whether they are well.
        health_checks: Vec<values::EndpointCheck> = "healthchecks" ["healthChecks"],
        /// How much may be open.
        circuit_breakers: values::CircuitBreakers = "circuitbreakers" ["circuitBreakers"],
        /// Which version of HTTP is spoken.
        protocol_selection: values::ProtocolSelection = "protocolselection" ["protocolSelection"],
        /// How many streams a connection of HTTP/2 has at most.
        max_concurrent_streams: u32 = "maxconcurrentstreams" ["maxConcurrentStreams"],
        /// The bytes that may be sent ahead on a stream.
        initial_stream_window_size: u32 = "initialstreamwindowsize" ["initialStreamWindowSize"],
        /// The same on a connection.
        initial_connection_window_size: u32 = "initialconnectionwindowsize" ["initialConnectionWindowSize"],
        /// The version of the PROXY header that connections begin with.
        proxy_protocol_version: String = "proxyprotocolversion" ["proxyProtocolVersion"],
        /// What its endpoints are asked for a tunnel to.
        http_proxy_hostname: String = "httpproxyhostname" ["httpProxyHostname"],
        /// How connections to who is asked for a tunnel are secured.
        http_connect_ssl_config: values::SslConfig = "httpconnectsslconfig" ["httpConnectSslConfig"],
        /// What requests for a tunnel say besides.
        http_connect_headers: Vec<values::ConnectHeader> = "httpconnectheaders" ["httpConnectHeaders"],
        /// Are its connections left as they are where a mesh would secure them by itself? They always are.
        disable_istio_auto_mtls: bool = "disableistioautomtls" ["disableIstioAutoMtls"],
        /// What was found out of what it was made for, which nothing that it serves depends on.
        discovery_metadata: values::DiscoveryMetadata = "discoverymetadata" ["discoveryMetadata"],
        /// Are endpoints left at once that are not listed any more? They always are.
        ignore_health_on_host_removal: bool = "ignorehealthonhostremoval" ["ignoreHealthOnHostRemoval"],
        /// Does what is invalid over HTTP/2 end its stream alone? It always does.
        override_stream_error: bool = "overridestreamerroroninvalidhttpmessage" ["overrideStreamErrorOnInvalidHttpMessage"],
        /// Which connections are made before requests need them.
        preconnect_policy: values::PreconnectPolicy = "preconnectpolicy" ["preconnectPolicy"],
        /// Does it speak HTTP/2?
        use_http2: bool = "usehttp2" ["useHttp2"],
    }
    refused: ["failover"],
    ignored: [],
}
