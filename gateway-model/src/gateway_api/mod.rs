//! The kinds of the groups `gateway.networking.k8s.io` and `gateway.networking.x-k8s.io`.

mod backend_tls_policy;
mod enums;
mod external_auth;
mod gateway;
mod gateway_class;
mod gateway_status;
mod grpc_route;
mod header;
mod http_filter;
mod http_match;
mod http_route;
mod listener;
mod listener_set;
mod mirror;
mod path_modifier;
mod policy;
mod reference_grant;
mod references;
mod route;
mod rule;
mod selector;
mod stream_route;
mod x_backend;
mod x_backend_traffic_policy;
mod x_mesh;

pub use backend_tls_policy::{
    Authorities, BackendTlsPolicy, BackendTlsPolicySpec, BackendTlsValidation, SubjectAltName,
};
pub use enums::{AddressType, Protocol};
pub use external_auth::{AuthProtocol, ExternalAuth, ForwardBody, GrpcAuth, HttpAuth};
pub use gateway::{
    AllowedListeners, BackendTls, DefaultScope, FrontendTls, FrontendTlsConfig, FrontendTlsPort,
    FrontendValidation, FrontendValidationMode, Gateway, GatewayAddress, GatewaySpec, GatewayTls,
    Infrastructure,
};
pub use gateway_class::{GatewayClass, GatewayClassSpec, GatewayClassStatus, SupportedFeature};
pub use gateway_status::{GatewayStatus, GatewayStatusAddress, ListenerStatus};
pub use grpc_route::{
    GrpcBackendRef, GrpcFilter, GrpcMatch, GrpcMethod, GrpcMethodMatch, GrpcRoute, GrpcRule,
};
pub use header::{HeaderModifier, HttpHeader};
pub use http_filter::{Cors, HttpFilter, RedirectScheme, RequestRedirect, UrlRewrite};
pub use http_match::{HeaderMatch, HttpMatch, HttpPathMatch, QueryParamMatch, ValueMatch};
pub use http_route::{
    CookieConfig, CookieLifetime, HttpBackendRef, HttpRetry, HttpRoute, HttpRule, HttpTimeouts,
    SessionPersistence, SessionType,
};
pub use listener::{
    AllowedRoutes, FromNamespaces, Listener, ListenerTls, NamespacesFrom, RouteGroupKind, TlsMode,
};
pub use listener_set::{ListenerSet, ListenerSetSpec, ListenerSetStatus};
pub use mirror::{MirrorFraction, MirrorShare, RequestMirror};
pub use path_modifier::PathModifier;
pub use policy::{PolicyAncestorStatus, PolicyStatus, PolicyTarget};
pub use reference_grant::{
    ReferenceGrant, ReferenceGrantFrom, ReferenceGrantSpec, ReferenceGrantTo,
};
pub use references::{
    BackendObjectReference, BackendRef, BackendWithFilters, LocalObjectReference, ObjectReference,
    SecretObjectReference,
};
pub use route::{ParentReference, Route, RouteParentStatus, RouteSpec, RouteStatus};
pub use rule::{NoMatch, RouteRule, Rule, UnreadRule};
pub use selector::{LabelSelector, LabelSelectorRequirement};
pub use stream_route::{StreamProtocol, StreamRule, Tcp, TcpRoute, Tls, TlsRoute, Udp, UdpRoute};
pub use x_backend::{
    ExternalHostname, XBackend, XBackendDestination, XBackendPort, XBackendProtocol, XBackendSpec,
    XBackendTls, XBackendTlsMode,
};
pub use x_backend_traffic_policy::{
    RequestRate, RetryBudget, RetryConstraint, XBackendTrafficPolicy, XBackendTrafficPolicySpec,
};
pub use x_mesh::{XMesh, XMeshSpec};

/// The API group.
pub(crate) const GROUP: &str = "gateway.networking.k8s.io";

/// The API group of experiments.
pub(crate) const X_GROUP: &str = "gateway.networking.x-k8s.io";
