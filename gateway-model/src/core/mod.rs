//! The core kinds, with what resolution reads of them.

mod config_map;
mod endpoint_slice;
mod namespace;
mod secret;
mod secret_bytes;
mod service;

pub use config_map::ConfigMap;
pub use endpoint_slice::{
    EndpointAddressType, EndpointConditions, EndpointSlice, SliceEndpoint, SlicePort,
};
pub use namespace::Namespace;
pub use secret::Secret;
pub use secret_bytes::SecretBytes;
pub(crate) use secret_bytes::decode as decode_base64;
pub use service::{IntOrString, Service, ServicePort, ServiceSpec, ServiceType, TransportProtocol};
