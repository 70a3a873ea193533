//! Messages that several services of Envoy's share.

use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;

/// `envoy.config.core.v3.Address`
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto>).
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Address {
    #[prost(message, optional, tag = "1")]
    pub(crate) socket_address: Option<SocketAddress>,
}

/// `envoy.config.core.v3.SocketAddress`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SocketAddress {
    #[prost(string, tag = "2")]
    pub(crate) address: String,
    #[prost(uint32, tag = "3")]
    pub(crate) port_value: u32,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self {
            socket_address: Some(SocketAddress {
                address: address.ip().to_string(),
                port_value: address.port().into(),
            }),
        }
    }
}

/// `google.protobuf.Timestamp`, and `google.protobuf.Duration`, which is alike
/// (<https://protobuf.dev/reference/protobuf/google.protobuf/>).
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Moment {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

impl From<Duration> for Moment {
    /// A duration, or the time that long after 1970.
    fn from(time: Duration) -> Self {
        Self {
            seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            nanos: time.subsec_nanos().cast_signed(),
        }
    }
}
