//! What is left of a connection after its protocol was switched.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::observe::{Counted, Observed};

/// The bytes of an upgraded connection: the [body](crate::Body) of a 101 response.
pub struct Tunnel(Box<dyn Io>);

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Tunnel {
    /// A tunnel over `io`.
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(io))
    }

    /// The same, with its bytes counted; the record ends with it.
    pub(crate) fn observed(self, observed: Observed) -> Self {
        Self::new(Counted::new(self.0, observed))
    }

    /// The stream.
    pub(crate) fn into_io(self) -> Box<dyn Io> {
        self.0
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}
