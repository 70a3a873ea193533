//! HttpListenerOption.

use super::options::options;
use super::{OptionStatuses, POLICIES, PolicySpec, kind, values};
use crate::Object;

/// Options for the HTTP of listeners.
pub type HttpListenerOption = Object<PolicySpec<HttpListenerOptions>, OptionStatuses>;

kind!(
    HttpListenerOption,
    "HttpListenerOption",
    "httplisteneroptions",
    POLICIES,
    "v1"
);

options! {
    /// What can be set for the HTTP of a listener.
    HttpListenerOptions {
        /// Up to which size requests are buffered.
        buffer: values::Buffer = "buffer" ["buffer"],
        /// How many connections may be open.
        connection_limit: values::ConnectionLimit = "connectionlimit" ["connectionLimit"],
        /// Protection from requests that other sites have browsers send.
        csrf: values::Csrf = "csrf" ["csrf"],
        /// Who is asked whether requests may pass.
        extauth: values::ExtAuthServer = "extauth" ["extauth"],
        /// Whether gRPC-Web is spoken.
        grpc_web: values::GrpcWeb = "grpcweb" ["grpcWeb"],
        /// Whether responses are compressed.
        gzip: values::Gzip = "gzip" ["gzip"],
        /// What heads are held to.
        header_validation_settings: values::HeaderValidation = "headervalidationsettings" ["headerValidationSettings"],
        /// What is answered without a backend.
        health_check: values::HealthCheck = "healthcheck" ["healthCheck"],
        /// How HTTP is spoken with clients.
        http_connection_manager_settings: values::ConnectionManager =
            "httpconnectionmanagersettings" ["httpConnectionManagerSettings"],
        /// How many requests are let through.
        http_local_ratelimit: values::HttpLocalRateLimit = "httplocalratelimit" ["httpLocalRatelimit"],
        /// How many connections are let through.
        network_local_ratelimit: values::LocalRateLimit = "networklocalratelimit" ["networkLocalRatelimit"],
        /// What is told on the way to and from backends.
        router: values::Router = "router" ["router"],
        /// Who counts requests.
        ratelimit_server: values::RateLimitServer = "ratelimitserver" ["ratelimitServer"],
    }
    refused: [
        "caching", "dlp", "extProc", "leftmostXffAddress", "proxyLatency", "sanitizeClusterHeader", "statefulSession",
        "tap", "waf", "wasm",
    ],
    ignored: [
        "disableExtProc", "disableExtProcEarly", "disableExtProcLate", "dynamicForwardProxy", "extProcEarly",
        "extProcLate", "extensions", "grpcJsonTranscoder",
    ],
}
