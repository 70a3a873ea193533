//! Listeners: an address, a port, a protocol stack, and the hosts behind it.

use std::fmt;
use std::net::IpAddr;

use gateway_model::{Hostname, ObjectRef, Port, SectionName, Source};
use serde::{Deserialize, Serialize};

use super::{CertificateId, Rule, VirtualHost};

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
    /// What is spoken on it, from the transport up.
    pub stack: Stack,
    /// The hosts behind it, the most specific first, the one without a name last; no two of one
    /// name.
    pub hosts: Vec<VirtualHost>,
}

impl Listener {
    /// The certificates that it refers to.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateId> {
        match &self.stack {
            Stack::Http => [].iter(),
            Stack::Https(tls) => tls.certificates.iter(),
        }
    }

    /// The rules behind it, once for every match.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.hosts
            .iter()
            .flat_map(|host| &host.routes)
            .map(|route| &*route.rule)
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

/// What is spoken on a listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Stack {
    /// HTTP/1.1 and HTTP/2 by prior knowledge, in clear.
    Http,
    /// The same inside TLS, chosen by ALPN.
    Https(Tls),
}

/// TLS as a listener terminates it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificates to choose from by SNI, in order of preference; never empty.
    pub certificates: Vec<CertificateId>,
}
