//! VirtualHostOption.

use super::options::options;
use super::{OptionStatuses, POLICIES, PolicySpec, kind, values};
use crate::Object;

/// Options for the virtual hosts of listeners.
pub type VirtualHostOption = Object<PolicySpec<VirtualHostOptions>, OptionStatuses>;

kind!(
    VirtualHostOption,
    "VirtualHostOption",
    "virtualhostoptions",
    POLICIES,
    "v1"
);

options! {
    /// What can be set for virtual hosts.
    VirtualHostOptions {
        /// When and how often a request is tried again.
        retries: values::Retries = "retries" ["retries"],
        /// What is counted apart.
        stats: values::Stats = "stats" ["stats"],
        /// Edits of headers.
        header_manipulation: values::HeaderManipulation = "headermanipulation" ["headerManipulation"],
        /// Cross-origin resource sharing.
        cors: values::Cors = "cors" ["cors"],
        /// How that goes together with what routes say.
        cors_policy_merge_settings: values::CorsMergeSettings = "corspolicymergesettings"
            ["corsPolicyMergeSettings"],
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
        /// Do backends learn which attempt a request is?
        include_request_attempt_count: bool = "includerequestattemptcount" ["includeRequestAttemptCount"],
        /// Do clients learn how many attempts were made?
        include_attempt_count_in_response: bool = "includeattemptcountinresponse"
            ["includeAttemptCountInResponse"],
    }
    refused: ["jwt", "jwtStaged", "waf", "rbac", "extProc"],
    ignored: [
        "dlp", "extProcEarly", "extProcLate", "extensions", "rateLimitEarlyConfigs",
        "rateLimitRegularConfigs", "ratelimitBasic", "ratelimitEarly", "ratelimitRegular",
    ],
}
