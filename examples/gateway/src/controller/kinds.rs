//! The kinds that are watched.

use gateway_model::k8s_gateway::{
    DirectResponse, HttpListenerOption, ListenerOption, RouteOption, Upstream, VirtualHostOption,
};
use gateway_model::{
    BackendTlsPolicy, ConfigMap, EndpointSlice, Gateway, GatewayClass, GrpcRoute, HttpRoute, Kind,
    ListenerSet, Namespace, ReferenceGrant, Secret, Service, TcpRoute, TlsRoute, UdpRoute,
    XBackendTrafficPolicy,
};

/// A kind that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Watched {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    /// As in URLs.
    pub(crate) plural: &'static str,
    /// The versions that are read, the one to prefer first.
    pub(crate) versions: &'static [&'static str],
    /// Which objects of it are of interest, as a field selector.
    pub(crate) fields: Option<&'static str>,
}

impl Watched {
    const fn of<K: Kind>(plural: &'static str) -> Self {
        Self {
            group: K::GROUP,
            kind: K::KIND,
            plural,
            versions: K::VERSIONS,
            fields: None,
        }
    }

    const fn only(self, fields: &'static str) -> Self {
        Self {
            fields: Some(fields),
            ..self
        }
    }

    /// Is it defined by a CustomResourceDefinition, which may be missing?
    pub(crate) fn is_custom(&self) -> bool {
        !matches!(self.group, Service::GROUP | EndpointSlice::GROUP)
    }

    /// The name of its CustomResourceDefinition.
    pub(crate) fn definition(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }
}

/// The kinds that resolution reads. Only the Secrets that may hold a certificate are watched:
/// others are never in this process.
pub(crate) static WATCHED: [Watched; 22] = [
    Watched::of::<GatewayClass>("gatewayclasses"),
    Watched::of::<Gateway>("gateways"),
    Watched::of::<ListenerSet>("listenersets"),
    Watched::of::<HttpRoute>("httproutes"),
    Watched::of::<GrpcRoute>("grpcroutes"),
    Watched::of::<TlsRoute>("tlsroutes"),
    Watched::of::<TcpRoute>("tcproutes"),
    Watched::of::<UdpRoute>("udproutes"),
    Watched::of::<BackendTlsPolicy>("backendtlspolicies"),
    Watched::of::<XBackendTrafficPolicy>("xbackendtrafficpolicies"),
    Watched::of::<ReferenceGrant>("referencegrants"),
    Watched::of::<RouteOption>("routeoptions"),
    Watched::of::<VirtualHostOption>("virtualhostoptions"),
    Watched::of::<HttpListenerOption>("httplisteneroptions"),
    Watched::of::<ListenerOption>("listeneroptions"),
    Watched::of::<DirectResponse>("directresponses"),
    Watched::of::<Upstream>("upstreams"),
    Watched::of::<Namespace>("namespaces"),
    Watched::of::<Service>("services"),
    Watched::of::<EndpointSlice>("endpointslices"),
    Watched::of::<ConfigMap>("configmaps"),
    Watched::of::<Secret>("secrets").only("type=kubernetes.io/tls"),
];

/// The kind of that name.
pub(crate) fn find(group: &str, kind: &str) -> Option<&'static Watched> {
    WATCHED.iter().find(|w| w.group == group && w.kind == kind)
}
