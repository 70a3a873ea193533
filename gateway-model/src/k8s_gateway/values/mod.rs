//! What options say. A field of the CRD that no type here has is known and not honoured.

mod access_log;
mod balancing;
mod connection_manager;
mod connections;
mod cors;
mod csrf;
mod descriptors;
mod durations;
mod ext_auth;
mod ext_auth_server;
mod fault;
mod headers;
mod health;
mod http;
mod lambda;
mod limits;
mod listeners;
mod log_servers;
mod outliers;
mod retries;
mod rewrites;
mod routing;
mod sockets;
mod stats;
mod template;
mod tls;
mod transformations;
mod upstreams;

pub use access_log::{
    AccessLog, AccessLogFilter, AccessLogging, Comparison, ComparisonFilter, ComparisonOp,
    FileSink, Filters, GrpcStatusFilter, HeaderFilter, LoggedHeader, ResponseFlagFilter,
    RuntimeFilter, RuntimeNumber,
};
pub use balancing::{
    LeastRequest, LoadBalancer, LoadBalancerKind, RingHash, RingHashConfig, RoundRobin, SlowStart,
};
pub use connection_manager::{
    CertificateDetails, CidrRange, CodecType, ConnectionManager, EarlyHeaders, EscapedSlashes,
    ForwardedCertificates, Http2Options, InternalAddresses, ServerHeader, Toggle, Underscores,
};
pub use connections::{
    CircuitBreakers, CommonHttpOptions, ConnectHeader, ConnectionConfig, Http1Options,
    PreconnectPolicy, ProtocolSelection, TcpKeepalive,
};
pub use cors::{Cors, CorsMergeSettings, CorsMergeStrategy};
pub use csrf::{Csrf, Denominator, RuntimeFraction, Share, StringMatch};
pub use descriptors::{
    DescribedHeader, DescribedMetadata, DescriptorHeaderMatch, GenericKey, HeaderValueMatch,
    MetadataKey, MetadataSource, Nothing, NumberRange, PathSegment, RateLimitAction,
    RateLimitActions, RateLimitServer,
};
pub use durations::MaxStreamDuration;
pub use ext_auth::{CustomAuth, ExtAuth};
pub use ext_auth_server::{
    ExtAuthBody, ExtAuthHttp, ExtAuthRequest, ExtAuthResponse, ExtAuthServer, GrpcService,
};
pub use fault::{Abort, Delay, Faults};
pub use headers::{HeaderManipulation, HeaderPair, RequestHeader, ResponseHeader};
pub use health::{
    CheckHeader, CheckMethod, EndpointCheck, GrpcHealthCheck, HttpHealthCheck, Payload,
    StatusRange, TcpHealthCheck,
};
pub use http::{GrpcWeb, Gzip, GzipLevel};
pub use lambda::{
    AwsOptions, AwsUpstream, CredentialsFetcher, DestinationOverrides, GlooOptions,
    InvocationStyle, LambdaFunction, ServiceAccountCredentials,
};
pub use limits::{
    Buffer, BufferPerRoute, HttpLocalRateLimit, LocalRateLimit, RateLimit, RateLimits,
};
pub use listeners::{ConnectionLimit, Empty, HeaderValidation, HealthCheck, Router};
pub use log_servers::{
    Collector, GrpcLogSink, OpenTelemetrySink, TelemetryEntry, TelemetryList, TelemetryMap,
    TelemetryValue,
};
pub use outliers::OutlierDetection;
pub use retries::{Backoff, PreviousPriorities, Retries, Shadowing};
pub use rewrites::{HostRewrite, Regex, RegexRewrite};
pub use routing::{HashCookie, HashKey, HashPolicy, LbHash, Upgrade, UpgradeType};
pub use sockets::{ConnectionBalance, ProxyProtocol, SocketOption, SocketState, TlvKey, TlvRule};
pub use stats::{Stats, VirtualCluster};
pub use template::{
    DynamicMetadataValue, Extraction, ExtractionMode, HeaderToAppend, InjaTemplate, MergedJsonKey,
    ParseBody, TemplateBody, TransformationTemplate,
};
pub use tls::{SslConfig, SslParameters, SslVersion};
pub use transformations::{
    HeaderBodyTransform, HeaderMatcher, PathSpecifier, QueryParameterMatcher, RequestTransform,
    ResponseTransform, RouteMatcher, StagedTransformations, Transformation, TransformationStage,
    Transformations,
};
pub use upstreams::{
    DiscoveryMetadata, KubeUpstream, PipeUpstream, StaticHost, StaticUpstream, UpstreamType,
};

use serde::{Deserialize, Serialize};

/// Names an object; the namespace has to be given where it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceRef {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}
