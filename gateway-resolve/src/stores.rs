//! The kinds of resources that resolution reads, written once.

use std::sync::Arc;

#[cfg(feature = "k8s-gateway")]
use gateway_model::k8s_gateway::{
    DirectResponse, HttpListenerOption, ListenerOption, RouteOption, Settings, Upstream,
    VirtualHostOption,
};
use gateway_model::{
    BackendTlsPolicy, ConfigMap, EndpointSlice, Gateway, GatewayClass, GrpcRoute, HttpRoute, Kind,
    KindInfo, ListenerSet, Namespace, ObjectRef, ReferenceGrant, Resource, Secret, Service,
    TcpRoute, TlsRoute, UdpRoute, XBackend, XBackendTrafficPolicy, XMesh,
};

use crate::{Snapshot, Store};

/// Hands the list of kinds to a macro: each as its variant of [`Resource`] is called, after the feature that brings it,
/// with its store and, where statuses of it are written, the variant of [`Status`](crate::Status) that it has.
macro_rules! with_stores {
    ($then:ident) => {
        $then! {
            /// The GatewayClasses.
            GatewayClass: gateway_classes => GatewayClass,
            /// The Gateways.
            Gateway: gateways => Gateway,
            /// The ListenerSets.
            ListenerSet: listener_sets => ListenerSet,
            /// The GRPCRoutes.
            GrpcRoute: grpc_routes => Route,
            /// The HTTPRoutes.
            HttpRoute: http_routes => Route,
            /// The TCPRoutes.
            TcpRoute: tcp_routes => Route,
            /// The TLSRoutes.
            TlsRoute: tls_routes => Route,
            /// The UDPRoutes.
            UdpRoute: udp_routes => Route,
            /// The BackendTLSPolicies.
            BackendTlsPolicy: backend_tls_policies => Policy,
            /// The XMeshes.
            XMesh: x_meshes => GatewayClass,
            /// The XBackends.
            XBackend: x_backends => Route,
            /// The XBackendTrafficPolicies.
            XBackendTrafficPolicy: x_backend_traffic_policies => Policy,
            /// The ListenerOptions.
            ["k8s-gateway"] ListenerOption: listener_options => Options,
            /// The RouteOptions.
            ["k8s-gateway"] RouteOption: route_options => Options,
            /// The VirtualHostOptions.
            ["k8s-gateway"] VirtualHostOption: virtual_host_options => Options,
            /// The Upstreams.
            ["k8s-gateway"] Upstream: upstreams => Options,
            /// The HttpListenerOptions.
            ["k8s-gateway"] HttpListenerOption: http_listener_options,
            /// The DirectResponses.
            ["k8s-gateway"] DirectResponse: direct_responses,
            /// The Settings.
            ["k8s-gateway"] Settings: settings,
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
        }
    };
}
pub(crate) use with_stores;

/// What follows from the list of kinds for a [`Snapshot`].
macro_rules! stores {
    ($($(#[$doc:meta])* $([$feature:literal])? $kind:ident: $store:ident $(=> $status:ident)?,)*) => {
        /// The resources of a snapshot, a store for each kind.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Stores {
            $($(#[cfg(feature = $feature)])? $store: Store<$kind>,)*
        }

        impl Stores {
            /// Adds a resource, or hands it back when nobody reads its kind.
            pub(crate) fn insert(&mut self, resource: Resource) -> Result<(), Resource> {
                match resource {
                    $($(#[cfg(feature = $feature)])? Resource::$kind(object) => add(&mut self.$store, object),)*
                    other => return Err(other),
                }
                Ok(())
            }

            pub(crate) fn remove(&mut self, reference: &ObjectRef) -> bool {
                $($(#[cfg(feature = $feature)])? {
                    if is::<$kind>(reference) {
                        return take(&mut self.$store, reference);
                    }
                })*
                false
            }

            pub(crate) fn get(&self, reference: &ObjectRef) -> Option<Resource> {
                let ObjectRef { namespace, name, .. } = reference;
                $($(#[cfg(feature = $feature)])? {
                    if is::<$kind>(reference) {
                        return self.$store.get(namespace, name).cloned().map(Resource::$kind);
                    }
                })*
                None
            }

            pub(crate) fn iter(&self) -> impl Iterator<Item = Resource> {
                let all = std::iter::empty();
                $(
                    $(#[cfg(feature = $feature)])?
                    let all = all.chain(self.$store.iter().cloned().map(Resource::$kind));
                )*
                all
            }
        }

        /// The kinds that resolution reads.
        pub static KINDS: &[KindInfo] = &[
            $($(#[cfg(feature = $feature)])? KindInfo::of::<$kind>(),)*
        ];

        $($(#[cfg(feature = $feature)])? impl Stored for $kind {
            fn store(snapshot: &Snapshot) -> &Store<Self> {
                &snapshot.stores.$store
            }
        })*

        impl Snapshot {
            $(
                $(#[$doc])*
                $(#[cfg(feature = $feature)])?
                pub fn $store(&self) -> &Store<$kind> {
                    &self.stores.$store
                }
            )*
        }
    };
}

with_stores!(stores);

/// A kind that resolution reads.
pub trait Stored: Kind + Sized {
    /// All objects of it.
    fn store(snapshot: &Snapshot) -> &Store<Self>;
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
