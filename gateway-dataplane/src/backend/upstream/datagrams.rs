//! Endpoints of UDP.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use super::connect::Connect;
use super::endpoints::Endpoints;
use super::load::Session;
use super::settings::Settings;
use super::{BackendError, BackendErrorKind, Upstream};
use crate::backend::{Datagrams, Lend, Owner};

/// An endpoint for the datagrams of one client.
struct Asked {
    endpoints: Arc<Endpoints>,
    index: usize,
    settings: Settings,
    _session: Session,
}

impl Owner for Asked {
    fn answered(&self) {
        let endpoint = &self.endpoints[self.index];
        endpoint.health.succeeded(self.settings.probation);
    }

    fn failed(&self, error: io::Error) {
        let error = unreached(self.endpoints[self.index].address(), error);
        self.endpoints.failed(self.index, &self.settings, &error);
    }
}

impl<C: Connect> Upstream<C> {
    /// A socket to the first endpoint that there is a way to.
    pub(super) fn datagrams_of(&self, worker: usize) -> Result<Datagrams, BackendError> {
        let session = self.load.hold_session();
        let session = session.ok_or_else(|| self.load.full(&self.spec.id, "UDP sessions"))?;
        let mut course = self.begin(worker);
        while let Some(index) = self.choose(&mut course) {
            let endpoint = &course.endpoints[index];
            let address = endpoint.known_address();
            let address = address.ok_or_else(|| io::Error::other("it takes no datagrams"));
            match address.and_then(connect) {
                Ok(datagrams) => {
                    let asked = Asked {
                        endpoints: Arc::clone(&course.endpoints),
                        index,
                        settings: self.settings,
                        _session: session,
                    };
                    return Ok(datagrams.of(asked));
                }
                Err(error) => course.exclude(unreached(endpoint.address(), error)),
            }
        }
        Err(course.failed.unwrap_or_else(|| self.nobody()))
    }
}

/// An own port for `endpoint`, whose answers alone it takes.
fn connect(endpoint: SocketAddr) -> io::Result<Datagrams> {
    let any: SocketAddr = match endpoint {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(endpoint)?;
    Datagrams::new(tokio::net::UdpSocket::from_std(socket)?)
}

fn unreached(address: SocketAddr, error: io::Error) -> BackendError {
    let what = format!("cannot send datagrams to {address}: {error}");
    BackendError::new(BackendErrorKind::Connect, what).because(error)
}
