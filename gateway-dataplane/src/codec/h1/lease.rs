//! Connections that are lent for one exchange.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::buffer::Buffer;
use super::side::Side;
use super::stream::Stream;

/// A connection to an endpoint.
pub(crate) struct Connection {
    pub(crate) side: Side,
    parked_at: Instant,
    /// Exchanges that it has carried.
    carried: u32,
    /// What lives as long as it does.
    _guard: Box<dyn Send + Sync>,
}

/// Where a connection comes from, and goes back to.
pub(crate) trait Home: Send + Sync {
    /// Keeps `connection` for the next exchange.
    fn keep(self: Arc<Self>, connection: Box<Connection>);

    /// An exchange that was counted is over.
    fn ended(&self);
}

/// A connection, for as long as an exchange lasts.
pub(crate) struct Lease {
    connection: Option<Box<Connection>>,
    home: Arc<dyn Home>,
}

impl Connection {
    /// A connection over `stream`, for as long as which `guard` lives.
    pub(crate) fn new(stream: Stream, guard: impl Send + Sync + 'static) -> Box<Self> {
        Box::new(Self {
            side: Side::new(stream, Buffer::new()),
            parked_at: Instant::now(),
            carried: 0,
            _guard: Box::new(guard),
        })
    }

    /// When was it last put aside?
    pub(crate) fn parked_at(&self) -> Instant {
        self.parked_at
    }

    /// How many exchanges has it carried?
    pub(crate) fn carried(&self) -> u32 {
        self.carried
    }

    /// Can it carry another exchange, as far as one can tell? What comes between two exchanges belongs to
    /// nobody (RFC 9112 section 9.3).
    pub(crate) fn is_usable(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        if let Some(stream) = self.side.stream.tcp()
            && stream.poll_read_ready(&mut cx).is_pending()
        {
            return true;
        }
        self.side.poll_fill(1, &mut cx).is_pending()
    }
}

impl Lease {
    /// Lends `connection`, which `home` has counted.
    pub(crate) fn new(connection: Box<Connection>, home: Arc<dyn Home>) -> Self {
        Self {
            connection: Some(connection),
            home,
        }
    }

    /// The connection's side.
    pub(crate) fn side(&mut self) -> Option<&mut Side> {
        self.connection
            .as_mut()
            .map(|connection| &mut connection.side)
    }

    /// The same, to look at.
    pub(crate) fn peek(&self) -> Option<&Side> {
        self.connection.as_ref().map(|connection| &connection.side)
    }

    /// Gives the connection back for the next exchange, if nothing is left of this one.
    pub(crate) fn finish(mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if connection.side.is_quiet() {
            connection.side.rest();
            connection.parked_at = Instant::now();
            connection.carried = connection.carried.saturating_add(1);
            Arc::clone(&self.home).keep(connection);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.home.ended();
    }
}
