//! A resource of any kind that is modelled.

use std::sync::Arc;

use serde::{Serialize, Serializer};

#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway;
use crate::{
    BackendTlsPolicy, ConfigMap, CustomObject, EndpointSlice, Gateway, GatewayClass, GrpcRoute,
    HttpRoute, Kind, ListenerSet, Namespace, ObjectMeta, ObjectRef, ReferenceGrant, Secret,
    Service, Source, TcpRoute, TlsRoute, Typed, UdpRoute, XBackend, XBackendTrafficPolicy, XMesh,
};

/// A resource of any kind that is modelled. Cheap to clone.
///
/// Serialised as a manifest, with `apiVersion` and `kind`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// A GatewayClass.
    GatewayClass(Arc<GatewayClass>),
    /// A Gateway.
    Gateway(Arc<Gateway>),
    /// An HTTPRoute.
    HttpRoute(Arc<HttpRoute>),
    /// A GRPCRoute.
    GrpcRoute(Arc<GrpcRoute>),
    /// A TLSRoute.
    TlsRoute(Arc<TlsRoute>),
    /// A TCPRoute.
    TcpRoute(Arc<TcpRoute>),
    /// A UDPRoute.
    UdpRoute(Arc<UdpRoute>),
    /// A BackendTLSPolicy.
    BackendTlsPolicy(Arc<BackendTlsPolicy>),
    /// A ListenerSet.
    ListenerSet(Arc<ListenerSet>),
    /// A ReferenceGrant.
    ReferenceGrant(Arc<ReferenceGrant>),
    /// An XBackend.
    XBackend(Arc<XBackend>),
    /// An XBackendTrafficPolicy.
    XBackendTrafficPolicy(Arc<XBackendTrafficPolicy>),
    /// An XMesh.
    XMesh(Arc<XMesh>),
    /// A Namespace.
    Namespace(Arc<Namespace>),
    /// A Service.
    Service(Arc<Service>),
    /// An EndpointSlice.
    EndpointSlice(Arc<EndpointSlice>),
    /// A Secret.
    Secret(Arc<Secret>),
    /// A ConfigMap.
    ConfigMap(Arc<ConfigMap>),
    /// An object of somebody else's kind.
    Custom(Arc<CustomObject>),
    /// A RouteOption.
    #[cfg(feature = "k8s-gateway")]
    RouteOption(Arc<k8s_gateway::RouteOption>),
    /// A VirtualHostOption.
    #[cfg(feature = "k8s-gateway")]
    VirtualHostOption(Arc<k8s_gateway::VirtualHostOption>),
    /// An HttpListenerOption.
    #[cfg(feature = "k8s-gateway")]
    HttpListenerOption(Arc<k8s_gateway::HttpListenerOption>),
    /// A ListenerOption.
    #[cfg(feature = "k8s-gateway")]
    ListenerOption(Arc<k8s_gateway::ListenerOption>),
    /// A DirectResponse.
    #[cfg(feature = "k8s-gateway")]
    DirectResponse(Arc<k8s_gateway::DirectResponse>),
    /// An Upstream.
    #[cfg(feature = "k8s-gateway")]
    Upstream(Arc<k8s_gateway::Upstream>),
    /// A Settings.
    #[cfg(feature = "k8s-gateway")]
    Settings(Arc<k8s_gateway::Settings>),
    /// A GatewayParameters.
    #[cfg(feature = "k8s-gateway")]
    GatewayParameters(Arc<k8s_gateway::GatewayParameters>),
}

/// Runs an expression on the object inside, whatever its kind.
macro_rules! each_kind {
    ($resource:expr, $object:ident => $result:expr) => {
        match $resource {
            Resource::GatewayClass($object) => $result,
            Resource::Gateway($object) => $result,
            Resource::HttpRoute($object) => $result,
            Resource::GrpcRoute($object) => $result,
            Resource::TlsRoute($object) => $result,
            Resource::TcpRoute($object) => $result,
            Resource::UdpRoute($object) => $result,
            Resource::BackendTlsPolicy($object) => $result,
            Resource::ListenerSet($object) => $result,
            Resource::ReferenceGrant($object) => $result,
            Resource::XBackend($object) => $result,
            Resource::XBackendTrafficPolicy($object) => $result,
            Resource::XMesh($object) => $result,
            Resource::Namespace($object) => $result,
            Resource::Service($object) => $result,
            Resource::EndpointSlice($object) => $result,
            Resource::Secret($object) => $result,
            Resource::ConfigMap($object) => $result,
            Resource::Custom($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::RouteOption($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::VirtualHostOption($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::HttpListenerOption($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::ListenerOption($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::DirectResponse($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::Upstream($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::Settings($object) => $result,
            #[cfg(feature = "k8s-gateway")]
            Resource::GatewayParameters($object) => $result,
        }
    };
}

impl Resource {
    /// The object's metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        each_kind!(self, object => object.metadata())
    }

    /// Names the object.
    pub fn reference(&self) -> ObjectRef {
        each_kind!(self, object => object.reference())
    }

    /// Names the object at its generation.
    pub fn source(&self) -> Source {
        each_kind!(self, object => object.source())
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each_kind!(self, object => Typed(&**object).serialize(serializer))
    }
}
