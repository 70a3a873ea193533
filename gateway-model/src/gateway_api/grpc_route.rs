//! GRPCRoute.

use serde::{Deserialize, Serialize};

use super::{
    BackendWithFilters, GROUP, HeaderMatch, HeaderModifier, HttpFilter, LocalObjectReference,
    RequestMirror, Route, Rule, SessionPersistence,
};
use crate::{Kind, ObjectMeta, SectionName};

/// Routes gRPC requests.
pub type GrpcRoute = Route<GrpcRule>;

/// A backend, and what is done to the gRPC requests that go to it.
pub type GrpcBackendRef = BackendWithFilters<GrpcFilter>;

impl Kind for GrpcRoute {
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "GRPCRoute";
    const PLURAL: &'static str = "grpcroutes";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMESPACED: bool = true;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl Rule for GrpcRule {
    type Match = GrpcMatch;
}

/// What happens to gRPC requests that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcRule {
    /// Name, unique within the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SectionName>,
    /// The rule is for requests that any of these matches, for all when empty; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<GrpcMatch>,
    /// What is done to requests and responses, in this order where possible; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<GrpcFilter>,
    /// Where requests go; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backend_refs: Vec<GrpcBackendRef>,
    /// How the requests of a session find the same endpoint (experimental, GEP-1619).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
}

/// Matches gRPC requests for which all of its parts match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrpcMatch {
    /// The method that is called; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<GrpcMethodMatch>,
    /// Headers, all of which must match; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderMatch>,
}

/// Matches the method that a gRPC request calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum GrpcMethodMatch {
    /// By whole names, case-sensitive.
    Exact(GrpcMethod),
    /// By regular expressions over the whole names.
    RegularExpression(GrpcMethod),
}

/// A method of a gRPC service; one at least is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrpcMethod {
    /// The service, as in `helloworld.Greeter`; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The method, as in `SayHello`; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// Something that is done to a gRPC request or response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "HttpFilter", into = "HttpFilter")]
#[non_exhaustive]
pub enum GrpcFilter {
    /// Changes the request's headers.
    RequestHeaderModifier(HeaderModifier),
    /// Changes the response's headers.
    ResponseHeaderModifier(HeaderModifier),
    /// Sends a copy elsewhere.
    RequestMirror(RequestMirror),
    /// An implementation's own.
    ExtensionRef(LocalObjectReference),
}

/// Each has an equal among the filters of HTTP, which gRPC is carried by.
impl From<GrpcFilter> for HttpFilter {
    fn from(filter: GrpcFilter) -> Self {
        match filter {
            GrpcFilter::RequestHeaderModifier(inner) => Self::RequestHeaderModifier(inner),
            GrpcFilter::ResponseHeaderModifier(inner) => Self::ResponseHeaderModifier(inner),
            GrpcFilter::RequestMirror(inner) => Self::RequestMirror(inner),
            GrpcFilter::ExtensionRef(inner) => Self::ExtensionRef(inner),
        }
    }
}

impl TryFrom<HttpFilter> for GrpcFilter {
    type Error = &'static str;

    fn try_from(filter: HttpFilter) -> Result<Self, &'static str> {
        match filter {
            HttpFilter::RequestHeaderModifier(inner) => Ok(Self::RequestHeaderModifier(inner)),
            HttpFilter::ResponseHeaderModifier(inner) => Ok(Self::ResponseHeaderModifier(inner)),
            HttpFilter::RequestMirror(inner) => Ok(Self::RequestMirror(inner)),
            HttpFilter::ExtensionRef(inner) => Ok(Self::ExtensionRef(inner)),
            _ => Err("a filter that HTTPRoutes alone have"),
        }
    }
}
