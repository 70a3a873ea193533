//! A resource of any kind that is modelled.

use std::sync::Arc;

use serde::{Serialize, Serializer};

#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::{
    DirectResponse, GatewayParameters, HttpListenerOption, ListenerOption, RouteOption, Settings,
    Upstream, VirtualHostOption,
};
use crate::kinds::with_kinds;
use crate::{
    BackendTlsPolicy, ConfigMap, CustomObject, EndpointSlice, Gateway, GatewayClass, GrpcRoute,
    HttpRoute, Kind, ListenerSet, Namespace, ObjectMeta, ObjectRef, ReferenceGrant, Secret,
    Service, Source, TcpRoute, TlsRoute, Typed, UdpRoute, XBackend, XBackendTrafficPolicy, XMesh,
};

/// Declares what a resource of any kind is.
macro_rules! resource {
    ($($(#[$doc:meta])* $([$feature:literal])? $kind:ident: $has_status:ident { $($parsed:tt)* })+) => {
        /// A resource of any kind that is modelled. Cheap to clone.
        ///
        /// Serialised as a manifest, with `apiVersion` and `kind`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Resource {
            $($(#[$doc])* $(#[cfg(feature = $feature)])? $kind(Arc<$kind>),)+
            /// An object of somebody else's kind.
            Custom(Arc<CustomObject>),
        }

        $($(#[cfg(feature = $feature)])? impl From<$kind> for Resource {
            fn from(object: $kind) -> Self {
                Self::$kind(Arc::new(object))
            }
        })+

        impl Resource {
            /// The object's metadata.
            pub fn metadata(&self) -> &ObjectMeta {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$kind(object) => object.metadata(),)+
                    Self::Custom(object) => &object.metadata,
                }
            }

            /// The same, to be changed.
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $($(#[cfg(feature = $feature)])?
                    Self::$kind(object) => &mut Arc::make_mut(object).metadata,)+
                    Self::Custom(object) => &mut Arc::make_mut(object).metadata,
                }
            }

            /// Names the object.
            pub fn reference(&self) -> ObjectRef {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$kind(object) => object.reference(),)+
                    Self::Custom(object) => object.reference(),
                }
            }

            /// Names the object at its generation.
            pub fn source(&self) -> Source {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$kind(object) => object.source(),)+
                    Self::Custom(object) => object.source(),
                }
            }

            /// Is the other of the same kind, and the same but for metadata and status?
            pub fn asks_for_the_same_as(&self, other: &Self) -> bool {
                match (self, other) {
                    $($(#[cfg(feature = $feature)])?
                    (Self::$kind(own), Self::$kind(other)) => asks_for_the_same!($has_status, own, other),)+
                    (Self::Custom(own), Self::Custom(other)) => {
                        (&own.api_version, &own.kind, &own.fields)
                            == (&other.api_version, &other.kind, &other.fields)
                    }
                    _ => false,
                }
            }
        }

        impl Serialize for Resource {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $($(#[cfg(feature = $feature)])?
                    Self::$kind(object) => Typed(&**object).serialize(serializer),)+
                    Self::Custom(object) => Typed(&**object).serialize(serializer),
                }
            }
        }
    };
}

/// Is an object the same but for metadata and status?
macro_rules! asks_for_the_same {
    (status, $own:ident, $other:ident) => {
        $own.spec == $other.spec
    };
    (plain, $own:ident, $other:ident) => {{
        let mut other = (**$other).clone();
        other.metadata.clone_from(&$own.metadata);
        **$own == other
    }};
}

with_kinds!(resource);
