//! What is known of a client's connection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::uri::Scheme;

use super::headers::ConnectionHeaders;
#[cfg(feature = "proxy")]
use crate::backend::Ends;
use crate::conduct::Conduct;
#[cfg(feature = "proxy")]
use crate::server::Watch;
use crate::table::SocketKey;

/// Something that is kept of a connection: a namespace, a name, and the value.
pub(crate) type Kept = (Box<str>, Box<str>, String);

/// Where requests come from, and by which socket.
#[derive(Clone)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The client.
    pub peer: SocketAddr,
    /// The socket of the table that the connection belongs to.
    pub socket: SocketKey,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The server name of the TLS handshake, in lower case.
    pub sni: Option<Box<str>>,
    /// The worker that serves it, counting from 0.
    pub worker: usize,
    pub(crate) headers: ConnectionHeaders,
    #[cfg(feature = "proxy")]
    pub(crate) watch: Option<Arc<Watch>>,
    /// Its number, which no other of this process has.
    pub(crate) id: u64,
    /// What was kept of it: namespaces, names and values.
    pub(crate) metadata: Option<Arc<[Kept]>>,
    /// How the listener deals with it, as far as settings say.
    pub(crate) conduct: Option<Arc<Conduct>>,
}

impl ConnectionInfo {
    /// A connection in clear from `peer`, served by worker 0.
    pub fn new(peer: SocketAddr, socket: SocketKey) -> Self {
        Self {
            peer,
            socket,
            headers: ConnectionHeaders::new(peer.ip(), &Scheme::HTTP, socket.port),
            scheme: Scheme::HTTP,
            sni: None,
            worker: 0,
            #[cfg(feature = "proxy")]
            watch: None,
            id: 0,
            metadata: None,
            conduct: None,
        }
    }

    /// The same over TLS, with the server name that the client sent.
    #[must_use]
    pub fn over_tls(self, sni: Option<&str>) -> Self {
        Self {
            headers: ConnectionHeaders::new(self.peer.ip(), &Scheme::HTTPS, self.socket.port),
            scheme: Scheme::HTTPS,
            sni: sni.map(|name| name.to_ascii_lowercase().into()),
            ..self
        }
    }

    /// Its two ends. Of a socket that is bound to all addresses, no more than the port is known.
    #[cfg(feature = "proxy")]
    pub(crate) fn ends(&self) -> Ends {
        let any: IpAddr = match self.peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Ends {
            from: self.peer,
            to: SocketAddr::new(self.socket.address.unwrap_or(any), self.socket.port),
        }
    }

    /// The same, which comes from `peer` in truth.
    #[must_use]
    pub(crate) fn really_from(self, peer: SocketAddr) -> Self {
        Self {
            headers: ConnectionHeaders::new(peer.ip(), &self.scheme, self.socket.port),
            peer,
            ..self
        }
    }

    /// What was kept of it in a namespace under a name.
    pub(crate) fn kept(&self, namespace: &str, key: &str) -> Option<&str> {
        let mut kept = self.metadata.iter().flat_map(|kept| kept.iter());
        let found = kept.find(|(space, name, _)| &**space == namespace && &**name == key);
        found.map(|(_, _, value)| value.as_str())
    }

    /// The same, served by `worker`.
    #[must_use]
    pub fn on_worker(self, worker: usize) -> Self {
        Self { worker, ..self }
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("peer", &self.peer)
            .field("socket", &self.socket)
            .field("scheme", &self.scheme)
            .field("sni", &self.sni)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}
