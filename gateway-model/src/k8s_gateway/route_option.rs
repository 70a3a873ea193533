//! RouteOption.

use super::options::options;
use super::proto::Span;
use super::{OptionStatuses, POLICIES, PolicySpec, kind, values};
use crate::Object;

/// Options for routes.
pub type RouteOption = Object<PolicySpec<RouteOptions>, OptionStatuses>;

kind!(RouteOption, "RouteOption", "routeoptions", POLICIES, "v1");

options! {
    /// What can be set for a route.
    RouteOptions {
        /// Faults that are injected.
        faults: values::Faults = "faults" ["faults"],
        /// What the matched prefix of the path is replaced by.
        prefix_rewrite: String = "prefixrewrite" ["prefixRewrite"],
        /// What is replaced in the path.
        regex_rewrite: values::RegexRewrite = "regexrewrite" ["regexRewrite"],
        /// The time for the whole response.
        timeout: Span = "timeout" ["timeout"],
        /// The time in which nothing moves.
        idle_timeout: Span = "idletimeout" ["idleTimeout"],
        /// The time for a stream.
        max_stream_duration: values::MaxStreamDuration = "maxstreamduration" ["maxStreamDuration"],
        /// When and how often a request is tried again.
        retries: values::Retries = "retries" ["retries"],
        /// A copy of requests.
        shadowing: values::Shadowing = "shadowing" ["shadowing"],
        /// Edits of headers.
        header_manipulation: values::HeaderManipulation = "headermanipulation" ["headerManipulation"],
        /// Which host the backend is asked for.
        host_rewrite_type: values::HostRewrite = "hostrewritetype"
            ["hostRewrite", "autoHostRewrite", "hostRewritePathRegex", "hostRewriteHeader"],
        /// Is the host that was asked for passed on beside the one that it is rewritten to?
        append_x_forwarded_host: bool = "appendxforwardedhost" ["appendXForwardedHost"],
        /// What is hashed of requests.
        lb_hash: values::LbHash = "lbhash" ["lbHash"],
        /// Which protocols requests may change to.
        upgrades: Vec<values::Upgrade> = "upgrades" ["upgrades"],
        /// What is known of the route.
        envoy_metadata: serde_json::Map<String, serde_json::Value> = "envoymetadata" ["envoyMetadata"],
        /// Cross-origin resource sharing.
        cors: values::Cors = "cors" ["cors"],
        /// Protection from requests that other sites have browsers send.
        csrf: values::Csrf = "csrf" ["csrf"],
        /// Whether requests are buffered, and up to which size.
        buffer_per_route: values::BufferPerRoute = "bufferperroute" ["bufferPerRoute"],
        /// How many requests are let through.
        ratelimit: values::RateLimit = "ratelimitconfigtype" ["ratelimit", "rateLimitConfigs"],
        /// Who is asked whether a request may pass.
        extauth: values::ExtAuth = "extauth" ["extauth"],
        /// Changes of requests and responses by templates.
        transformations: values::Transformations = "transformations" ["transformations"],
        /// The same, by stages.
        staged_transformations: values::StagedTransformations = "stagedtransformations"
            ["stagedTransformations"],
    }
    refused: ["jwt", "jwtStaged", "jwtProvidersStaged", "waf", "rbac", "extProc"],
    ignored: [
        "ai", "dlp", "extProcEarly", "extProcLate", "extensions",
        "rateLimitEarlyConfigs", "rateLimitRegularConfigs", "ratelimitBasic",
        "ratelimitEarly", "ratelimitRegular", "tracing",
    ],
}
