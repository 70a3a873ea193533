//! HttpListenerOption.

use super::options::options;
use super::{OptionStatuses, POLICIES, PolicySpec, kind, values};
use crate::Object;

/// Options for the HTTP of listeners.
pub type HttpListenerOption = Object<PolicySpec<HttpListenerOptions>, OptionStatuses>;

kind!(HttpListenerOption, "HttpListenerOption", POLICIES, "v1");

options! {
    /// What can be set for the HTTP of a listener.
    HttpListenerOptions {
        /// Up to which size requests are buffered.
        buffer: values::Buffer = "buffer" ["buffer"],
        /// Protection from requests that other sites have browsers send.
        csrf: values::Csrf = "csrf" ["csrf"],
        /// Whether gRPC-Web is spoken.
        grpc_web: values::GrpcWeb = "grpcweb" ["grpcWeb"],
        /// Whether responses are compressed.
        gzip: values::Gzip = "gzip" ["gzip"],
        /// How many requests are let through.
        http_local_ratelimit: values::HttpLocalRateLimit = "httplocalratelimit" ["httpLocalRatelimit"],
    }
    refused: ["waf", "wasm", "caching", "extProc", "proxyLatency", "tap", "statefulSession"],
    ignored: [
        "connectionLimit", "disableExtProc", "disableExtProcEarly", "disableExtProcLate", "dlp",
        "dynamicForwardProxy", "extProcEarly", "extProcLate", "extauth", "extensions", "grpcJsonTranscoder",
        "headerValidationSettings", "healthCheck", "httpConnectionManagerSettings",
        "leftmostXffAddress", "networkLocalRatelimit", "ratelimitServer", "router", "sanitizeClusterHeader",
    ],
}
