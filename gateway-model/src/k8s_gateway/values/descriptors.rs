//! What rate-limit servers are told.

use serde::{Deserialize, Deserializer};

use super::{GrpcService, ResourceRef};
use crate::k8s_gateway::proto::{Span, Whole, numbered};

/// A server that counts requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitServer {
    /// The Upstream that it is.
    pub ratelimit_server_ref: Option<ResourceRef>,
    /// How long its answer is waited for; 100 ms, when it is not given.
    pub request_timeout: Option<Span>,
    /// Are requests refused that it says nothing of?
    pub deny_on_fail: bool,
    /// Is it asked before it is known whether a request may pass?
    pub rate_limit_before_auth: bool,
    /// How it is called.
    pub grpc_service: Option<GrpcService>,
}

/// What a server is told of a request: one descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RateLimitActions {
    /// Its parts, in order.
    pub actions: Vec<RateLimitAction>,
}

/// A part of a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RateLimitAction {
    /// The cluster that the gateway belongs to.
    SourceCluster(Nothing),
    /// The backend.
    DestinationCluster(Nothing),
    /// The value of a header.
    RequestHeaders(DescribedHeader),
    /// The address of the client.
    RemoteAddress(Nothing),
    /// A fixed value.
    GenericKey(GenericKey),
    /// A fixed value, where headers match.
    HeaderValueMatch(HeaderValueMatch),
    /// A value of metadata.
    Metadata(DescribedMetadata),
}

/// A message without fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Empty {}
        Empty::deserialize(deserializer).map(|Empty {}| Self)
    }
}

/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DescribedHeader {
    /// Its name.
    pub header_name: String,
    /// What the server knows it by.
    pub descriptor_key: String,
}

/// A fixed value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenericKey {
    /// The value.
    pub descriptor_value: String,
}

/// A value of metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DescribedMetadata {
    /// What the server knows it by.
    pub descriptor_key: String,
    /// Where it is.
    pub metadata_key: MetadataKey,
    /// What it is where there is none.
    pub default_value: String,
    /// Of what it is.
    pub source: MetadataSource,
}

numbered! {
    /// Of what metadata is.
    MetadataSource {
        /// Of the request.
        Dynamic = 0 "DYNAMIC",
        /// Of the route.
        RouteEntry = 1 "ROUTE_ENTRY",
    }
}

/// A place in metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct MetadataKey {
    /// The namespace.
    pub key: String,
    /// Keys within keys.
    pub path: Vec<PathSegment>,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct PathSegment {
    /// The key.
    pub key: String,
}

/// A fixed value, where headers match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderValueMatch {
    /// The value.
    pub descriptor_value: String,
    /// Do they have to match? They do, when it is not given.
    pub expect_match: Option<bool>,
    /// The headers.
    pub headers: Vec<DescriptorHeaderMatch>,
}

/// A condition on a header; without any other, it has to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DescriptorHeaderMatch {
    /// Its name.
    pub name: String,
    /// It is this.
    pub exact_match: Option<String>,
    /// It matches this as a whole.
    pub regex_match: Option<String>,
    /// It is a number of these.
    pub range_match: Option<NumberRange>,
    /// It is there, or not.
    pub present_match: Option<bool>,
    /// It starts with this.
    pub prefix_match: Option<String>,
    /// It ends with this.
    pub suffix_match: Option<String>,
    /// Has it to be anything else?
    pub invert_match: bool,
}

/// Numbers from one to before another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NumberRange {
    /// The first.
    #[serde(default = "zero")]
    pub start: Whole,
    /// The one after the last.
    #[serde(default = "zero")]
    pub end: Whole,
}

fn zero() -> Whole {
    Whole(0)
}
