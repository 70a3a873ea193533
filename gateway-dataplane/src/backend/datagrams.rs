//! The datagrams of one client.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use tokio::net::UdpSocket;

/// A socket for the datagrams of one client to one endpoint, and back.
pub struct Datagrams {
    socket: UdpSocket,
    endpoint: SocketAddr,
    owner: Mutex<Option<Box<dyn Owner>>>,
}

/// Who is told how an endpoint does.
pub(crate) trait Owner: Send + Sync {
    /// It answered.
    fn answered(&self);

    /// Nobody is there, or it cannot be reached.
    fn failed(&self, error: io::Error);
}

impl Datagrams {
    /// Over `socket`, which is connected.
    ///
    /// # Errors
    /// It is not.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self {
            endpoint: socket.peer_addr()?,
            socket,
            owner: Mutex::default(),
        })
    }

    /// The same for `owner`.
    pub(crate) fn of(self, owner: impl Owner + 'static) -> Self {
        let owner: Box<dyn Owner> = Box::new(owner);
        Self {
            owner: Mutex::new(Some(owner)),
            ..self
        }
    }

    /// Where they go.
    pub fn endpoint(&self) -> SocketAddr {
        self.endpoint
    }

    pub(crate) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// The endpoint answered.
    pub(crate) fn answered(&self) {
        self.tell(|owner| owner.answered());
    }

    /// The endpoint is not there.
    pub(crate) fn failed(&self, error: io::Error) {
        self.tell(|owner| owner.failed(error));
    }

    /// Nobody uses them any more, though the socket may be open for another moment.
    pub(crate) fn release(&self) {
        let mut owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        *owner = None;
    }

    fn tell(&self, tell: impl FnOnce(&dyn Owner)) {
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = &*owner {
            tell(&**owner);
        }
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datagrams({})", self.endpoint)
    }
}
