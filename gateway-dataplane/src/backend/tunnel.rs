//! What is left of a connection after its protocol was switched.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::observe::{Counted, Observed};

/// The bytes of an upgraded connection, carried among the extensions of a 101 response.
///
/// Clones share one connection; the first to take it has it.
#[derive(Clone)]
pub struct Tunnel(Arc<Mutex<Option<Box<dyn Io>>>>);

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Tunnel {
    /// A tunnel over `io`.
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(io)))))
    }

    /// The same, with its bytes counted; the record ends with it.
    pub(crate) fn observed(self, observed: Observed) -> Self {
        match self.take() {
            Some(io) => Self::new(Counted::new(io, observed)),
            None => self,
        }
    }

    /// The stream, for whom asks first.
    pub(crate) fn take(&self) -> Option<Box<dyn Io>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}
