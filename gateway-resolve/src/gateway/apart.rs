//! How the listeners of a port are told apart (Gateway `spec.listeners`, "distinct").

use gateway_model::Protocol;

use crate::ir::Transport;

/// What tells the listeners of a port apart. Those that differ in this can't share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    /// The host of a request.
    Host,
    /// The server name that a connection asks for.
    ServerName,
    /// Nothing, so that there is one at most (GEP-2644).
    Nothing(Transport),
}

impl Apart {
    /// How listeners of a protocol are told apart; `None` when it is not supported.
    pub(super) fn of(protocol: &Protocol) -> Option<Self> {
        match protocol {
            Protocol::Http => Some(Self::Host),
            Protocol::Https | Protocol::Tls => Some(Self::ServerName),
            Protocol::Tcp => Some(Self::Nothing(Transport::Tcp)),
            Protocol::Udp => Some(Self::Nothing(Transport::Udp)),
            _ => None,
        }
    }

    /// Whose ports they use.
    pub(super) fn transport(self) -> Transport {
        match self {
            Self::Host | Self::ServerName => Transport::Tcp,
            Self::Nothing(transport) => transport,
        }
    }

    /// May a port have listeners of both kinds?
    pub(super) fn goes_with(self, other: Self) -> bool {
        self == other && !matches!(self, Self::Nothing(_))
    }
}
