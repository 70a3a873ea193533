//! The kinds of resources that resolution reads, written once.

use std::sync::Arc;

use gateway_model::{
    BackendTlsPolicy, ConfigMap, EndpointSlice, Gateway, GatewayClass, GrpcRoute, HttpRoute, Kind,
    ListenerSet, Namespace, ObjectRef, ReferenceGrant, Resource, Secret, Service, TcpRoute,
    TlsRoute, UdpRoute,
};

use crate::{Snapshot, Store};

/// What follows from the list of kinds. A kind is named as its variant of [`Resource`] is.
macro_rules! stores {
    ($($(#[$doc:meta])* $kind:ident: $store:ident,)*) => {
        /// The resources of a snapshot, a store for each kind.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Stores {
            $($store: Store<$kind>,)*
        }

        impl Stores {
            /// Adds a resource, or hands it back when nobody reads its kind.
            pub(crate) fn insert(&mut self, resource: Resource) -> Result<(), Resource> {
                match resource {
                    $(Resource::$kind(object) => add(&mut self.$store, object),)*
                    other => return Err(other),
                }
                Ok(())
            }

            pub(crate) fn remove(&mut self, reference: &ObjectRef) -> bool {
                $(is::<$kind>(reference) && take(&mut self.$store, reference))||*
            }

            pub(crate) fn get(&self, reference: &ObjectRef) -> Option<Resource> {
                let ObjectRef { namespace, name, .. } = reference;
                $(if is::<$kind>(reference) {
                    return self.$store.get(namespace, name).cloned().map(Resource::$kind);
                })*
                None
            }

            pub(crate) fn iter(&self) -> impl Iterator<Item = Resource> {
                std::iter::empty()
                    $(.chain(self.$store.iter().cloned().map(Resource::$kind)))*
            }
        }

        impl Snapshot {
            $(
                $(#[$doc])*
                pub fn $store(&self) -> &Store<$kind> {
                    &self.stores.$store
                }
            )*
        }
    };
}

stores! {
    /// The GatewayClasses.
    GatewayClass: gateway_classes,
    /// The Gateways.
    Gateway: gateways,
    /// The ListenerSets.
    ListenerSet: listener_sets,
    /// The HTTPRoutes.
    HttpRoute: http_routes,
    /// The GRPCRoutes.
    GrpcRoute: grpc_routes,
    /// The TLSRoutes.
    TlsRoute: tls_routes,
    /// The TCPRoutes.
    TcpRoute: tcp_routes,
    /// The UDPRoutes.
    UdpRoute: udp_routes,
    /// The ReferenceGrants.
    ReferenceGrant: reference_grants,
    /// The Namespaces.
    Namespace: namespaces,
    /// The Services.
    Service: services,
    /// The EndpointSlices.
    EndpointSlice: endpoint_slices,
    /// The Secrets.
    Secret: secrets,
    /// The ConfigMaps.
    ConfigMap: config_maps,
    /// The BackendTLSPolicies.
    BackendTlsPolicy: backend_tls_policies,
}

fn is<T: Kind>(reference: &ObjectRef) -> bool {
    reference.group == T::GROUP && reference.kind == T::KIND
}

fn add<T: Kind>(store: &mut Store<T>, object: Arc<T>) {
    let metadata = object.metadata();
    let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
    store.insert(&namespace, &name, object);
}

fn take<T>(store: &mut Store<T>, reference: &ObjectRef) -> bool {
    store
        .remove(&reference.namespace, &reference.name)
        .is_some()
}
