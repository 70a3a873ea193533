//! `outlierDetection` of Upstreams.

use serde::Deserialize;

use crate::k8s_gateway::proto::Span;

/// When endpoints of an Upstream are left alone because of how they answer. What is not given has Envoy's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutlierDetection {
    /// How often it is looked at; it has to be given.
    pub interval: Option<Span>,
    /// Answers of 500 to 599 in a row; 5, when it is not given, and 0 for never.
    pub consecutive_5xx: Option<u32>,
    /// How often that counts, of 100; 100, when it is not given.
    pub enforcing_consecutive_5xx: Option<u32>,
    /// Answers of 502, 503 and 504 in a row; 5, when it is not given, and 0 for never.
    pub consecutive_gateway_failure: Option<u32>,
    /// How often that counts, of 100; 0, when it is not given.
    pub enforcing_consecutive_gateway_failure: Option<u32>,
    /// Failures without a response in a row, where these count apart; 5, when it is not given, and 0 for never.
    pub consecutive_local_origin_failure: Option<u32>,
    /// How often that counts, of 100; 100, when it is not given.
    pub enforcing_consecutive_local_origin_failure: Option<u32>,
    /// Do failures without a response count apart?
    pub split_external_local_origin_errors: bool,
    /// For how long they are left alone at first; 30 seconds, when it is not given.
    pub base_ejection_time: Option<Span>,
    /// The share of endpoints, of 100, that are left alone at a time; 10, when it is not given.
    pub max_ejection_percent: Option<u32>,
    /// How often a low success rate counts, of 100; 100, when it is not given.
    pub enforcing_success_rate: Option<u32>,
    /// The same of failures without a response, where these count apart; 100, when it is not given.
    pub enforcing_local_origin_success_rate: Option<u32>,
    /// How many endpoints have to have enough requests; 5, when it is not given.
    pub success_rate_minimum_hosts: Option<u32>,
    /// How many requests of an interval are enough; 100, when it is not given.
    pub success_rate_request_volume: Option<u32>,
    /// How far below the mean a rate is too low, in thousandths of the standard deviation; 1900, when it is not given.
    pub success_rate_stdev_factor: Option<u32>,
}
