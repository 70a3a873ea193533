//! The socket of a listener, and what comes before anything else on its connections.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An option that a listening socket is given; the sockets of its connections inherit it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketOption {
    /// What is set.
    pub value: SocketValue,
    /// When.
    pub when: SocketMoment,
}

/// When an option of a socket is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SocketMoment {
    /// Before it has an address.
    Unbound,
    /// Before it listens.
    Bound,
    /// Once it listens.
    Listening,
}

/// An option of a socket, as `socket(7)`, `ip(7)` and `tcp(7)` have them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SocketValue {
    /// `SO_REUSEADDR`.
    ReuseAddress(bool),
    /// `SO_KEEPALIVE`.
    KeepAlive(bool),
    /// `SO_RCVBUF`.
    ReceiveBuffer(u32),
    /// `SO_SNDBUF`.
    SendBuffer(u32),
    /// `SO_PRIORITY`.
    Priority(u32),
    /// `SO_MARK`.
    Mark(u32),
    /// `SO_BINDTODEVICE`.
    Device(Box<str>),
    /// `TCP_NODELAY`.
    NoDelay(bool),
    /// `TCP_MAXSEG`.
    SegmentSize(u32),
    /// `TCP_KEEPIDLE`.
    KeepIdle(Duration),
    /// `TCP_KEEPINTVL`.
    KeepInterval(Duration),
    /// `TCP_KEEPCNT`.
    KeepCount(u32),
    /// `TCP_USER_TIMEOUT`.
    UserTimeout(Duration),
    /// `TCP_CONGESTION`.
    Congestion(Box<str>),
    /// `IP_TOS`.
    TypeOfService(u32),
    /// `IP_TTL`.
    TimeToLive(u32),
    /// `IP_FREEBIND`.
    FreeBind(bool),
    /// `IPV6_TCLASS`.
    TrafficClass(u32),
}

/// Connections begin with a header of the PROXY protocol, version 1 or 2, that says where they come from
/// (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>). Without one they are closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyProtocol {
    /// What else of it is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptTlv>,
}

/// A part of a PROXY header that is kept for the requests of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTlv {
    /// Its type.
    pub kind: u8,
    /// In which namespace it is kept.
    pub namespace: Box<str>,
    /// Under which name.
    pub key: Box<str>,
}
