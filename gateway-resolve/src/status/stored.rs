//! Statuses as resources have them.

use std::sync::Arc;

use gateway_model::Resource;

use super::Status;

/// What follows from the list of kinds that have a status, each with the variant of [`Status`] that it has.
macro_rules! stored {
    ($($(#[$only:meta])? $kind:ident: $status:ident,)*) => {
        impl Status {
            /// Gives a resource this status; says whether it is of a kind that has one like it.
            pub fn store_in(&self, resource: &mut Resource) -> bool {
                match (resource, self) {
                    $($(#[$only])? (Resource::$kind(object), Self::$status(status)) => {
                        Arc::make_mut(object).status.clone_from(status);
                    })*
                    (Resource::Custom(object), Self::Custom { status, .. }) => {
                        Arc::make_mut(object).status.clone_from(status);
                    }
                    _ => return false,
                }
                true
            }
        }
    };
}

stored! {
    GatewayClass: GatewayClass,
    XMesh: GatewayClass,
    Gateway: Gateway,
    ListenerSet: ListenerSet,
    HttpRoute: Route,
    GrpcRoute: Route,
    TlsRoute: Route,
    TcpRoute: Route,
    UdpRoute: Route,
    BackendTlsPolicy: Policy,
    XBackend: Route,
    XBackendTrafficPolicy: Policy,
    #[cfg(feature = "k8s-gateway")]
    RouteOption: Options,
    #[cfg(feature = "k8s-gateway")]
    VirtualHostOption: Options,
    #[cfg(feature = "k8s-gateway")]
    ListenerOption: Options,
    #[cfg(feature = "k8s-gateway")]
    Upstream: Options,
}
