//! Listeners: an address, a port, a protocol stack, and the hosts behind it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gateway_model::{Hostname, ObjectRef, Port, SectionName, Source};
use serde::{Deserialize, Serialize};

use super::host::is_default;
use super::{
    BackendId, CertificateId, Handshake, ListenerSettings, Rule, ServerName, StreamRule,
    VirtualHost,
};

/// One listener of a Gateway, ready to be served.
///
/// Listeners that cannot be served (conflicted, without a usable certificate, of an unsupported
/// protocol) are not in the IR; their statuses say why. Several listeners may share a socket: a
/// connection or request goes to the one whose [`hostname`](Self::hostname) is the most specific
/// match, and only that one's hosts are then looked at (listener isolation).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Which listener this is.
    pub id: ListenerId,
    /// Where it comes from.
    pub source: Source,
    /// Where it listens.
    pub binding: Binding,
    /// The hosts it takes; `None` takes any.
    pub hostname: Option<Hostname>,
    /// What is spoken on it, from the transport up to what is served.
    pub stack: Stack,
    /// What is tuned for its connections, and for all that is behind it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Arc<ListenerSettings>,
}

impl Listener {
    /// The certificates that it refers to.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateId> {
        self.stack
            .tls()
            .into_iter()
            .flat_map(|tls| &tls.certificates)
    }

    /// The HTTP hosts behind it; none where HTTP is not spoken.
    pub fn hosts(&self) -> &[Arc<VirtualHost>] {
        self.stack.hosts()
    }

    /// The HTTP rules behind it, once for every match.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.stack.rules()
    }

    /// The layer-4 rules behind it, once for every server name.
    pub fn stream_rules(&self) -> impl Iterator<Item = &Arc<StreamRule>> {
        self.stack.stream_rules()
    }

    /// The backends behind it, once for every time that they are named.
    pub fn backends(&self) -> impl Iterator<Item = &BackendId> {
        self.stack.backends().chain(self.settings.backends())
    }
}

/// The identity of a listener: its parent and its name in that parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ListenerId {
    /// The Gateway (or ListenerSet) that has it.
    pub parent: ObjectRef,
    /// Its name there.
    pub name: SectionName,
}

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} listener {}", self.parent, self.name)
    }
}

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Binding {
    /// The addresses; empty means the data plane's default.
    pub addresses: Vec<IpAddr>,
    /// The port, as clients see it.
    pub port: Port,
}

/// What is spoken on a listener, ending in what it serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Stack {
    /// HTTP/1.1 and HTTP/2 by prior knowledge, in clear.
    Http {
        /// The most specific first, the one without a name last; no two of one name.
        hosts: Vec<Arc<VirtualHost>>,
    },
    /// The same inside TLS, chosen by ALPN.
    Https {
        /// How TLS is terminated.
        tls: Tls,
        /// As for [`Http`](Self::Http).
        hosts: Vec<Arc<VirtualHost>>,
    },
    /// TLS that is passed on as it comes, to whom the server name of its ClientHello says.
    TlsPassthrough {
        /// The most specific first, the one without a name last; no two of one name.
        names: Vec<ServerName>,
    },
    /// TLS that is terminated; what is inside is passed on as a stream of bytes.
    TlsTerminate {
        /// How TLS is terminated.
        tls: Tls,
        /// As for [`TlsPassthrough`](Self::TlsPassthrough).
        names: Vec<ServerName>,
    },
    /// TCP connections.
    Tcp {
        /// Who gets them; `None`: they are closed.
        rule: Option<Arc<StreamRule>>,
    },
    /// UDP datagrams.
    Udp {
        /// Who gets them; `None`: they are dropped.
        rule: Option<Arc<StreamRule>>,
    },
}

impl Stack {
    /// What it runs on.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Http { .. }
            | Self::Https { .. }
            | Self::TlsPassthrough { .. }
            | Self::TlsTerminate { .. }
            | Self::Tcp { .. } => Transport::Tcp,
            Self::Udp { .. } => Transport::Udp,
        }
    }

    /// The HTTP hosts that it serves; none where HTTP is not spoken.
    pub fn hosts(&self) -> &[Arc<VirtualHost>] {
        match self {
            Self::Http { hosts } | Self::Https { hosts, .. } => hosts,
            Self::TlsPassthrough { .. }
            | Self::TlsTerminate { .. }
            | Self::Tcp { .. }
            | Self::Udp { .. } => &[],
        }
    }

    /// The HTTP rules that it serves, once for every match.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let routes = self.hosts().iter().flat_map(|host| &host.routes);
        routes.map(|route| &*route.rule)
    }

    /// The layer-4 rules that it serves, once for every server name.
    pub fn stream_rules(&self) -> impl Iterator<Item = &Arc<StreamRule>> {
        let (names, rule): (&[ServerName], _) = match self {
            Self::Http { .. } | Self::Https { .. } => (&[], None),
            Self::TlsPassthrough { names } | Self::TlsTerminate { names, .. } => (names, None),
            Self::Tcp { rule } | Self::Udp { rule } => (&[], rule.as_ref()),
        };
        names.iter().map(|name| &name.rule).chain(rule)
    }

    /// The backends that it leads to, once for every time that they are named.
    pub fn backends(&self) -> impl Iterator<Item = &BackendId> {
        let streams = self.stream_rules().flat_map(|rule| rule.backends());
        let rules = self.rules().flat_map(Rule::backends);
        rules.chain(streams)
    }

    /// TLS, where it is terminated.
    pub fn tls(&self) -> Option<&Tls> {
        match self {
            Self::Https { tls, .. } | Self::TlsTerminate { tls, .. } => Some(tls),
            Self::Http { .. } | Self::TlsPassthrough { .. } => None,
            Self::Tcp { .. } | Self::Udp { .. } => None,
        }
    }

    /// Does a connection begin with a ClientHello?
    pub fn begins_with_tls(&self) -> bool {
        match self {
            Self::Https { .. } | Self::TlsPassthrough { .. } | Self::TlsTerminate { .. } => true,
            Self::Http { .. } | Self::Tcp { .. } | Self::Udp { .. } => false,
        }
    }
}

/// What a listener's socket is for. Ports of TCP and of UDP are not the same ports.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Transport {
    /// Connections.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

impl Transport {
    /// Connections?
    pub fn is_tcp(&self) -> bool {
        *self == Self::Tcp
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// TLS as a listener terminates it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificates to choose from by SNI, in order of preference; never empty.
    pub certificates: Vec<CertificateId>,
    /// Which certificates clients have to show; they are not asked for any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientValidation>,
    /// What handshakes are narrowed to.
    #[serde(default, skip_serializing_if = "Handshake::is_open")]
    pub handshake: Handshake,
}

/// How certificates of clients are validated (GEP-91).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientValidation {
    /// Who may have signed them: certificates (DER); not empty.
    pub authorities: Vec<Vec<u8>>,
    /// Are clients without a valid certificate refused? If not, they are asked for one and served all the same
    /// (`AllowInsecureFallback`).
    pub mandatory: bool,
}
