//! Rate limits that a server keeps.

use std::time::Duration;

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

use super::TextMatch;
use crate::ir::BackendId;

/// A server that is asked whether there were too many requests like this one: by a call of
/// `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. Then the request is answered with 429.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalRateLimit {
    /// Who is asked.
    pub server: BackendId,
    /// Under which name its configuration has these limits.
    pub domain: Box<str>,
    /// How long its answer is waited for.
    pub timeout: Duration,
    /// Are requests refused, with 500, when it gives no answer? If not, they pass.
    pub mandatory: bool,
    /// What it is told of a request. One of which a part is missing is left out; without any it is not asked.
    pub descriptors: Vec<Vec<DescriptorEntry>>,
}

/// A part of what a rate-limit server is told of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DescriptorEntry {
    /// A header's value, under this key; missing without the header.
    Header(HeaderName, Box<str>),
    /// The client's address, under `remote_address`.
    ClientAddress,
    /// A value under a key.
    Fixed(Box<str>, Box<str>),
    /// A value under `header_match`; missing unless that the headers match is as expected.
    IfHeaders {
        /// The value.
        value: Box<str>,
        /// Do they have to match?
        expected: bool,
        /// The headers, all of which have to be there and match for them to do.
        headers: Vec<(HeaderName, TextMatch)>,
    },
}
