//! Bytes that are passed on: TCP and TLS as they come, and what is inside TLS (TCPRoute, TLSRoute).

use std::io;
use std::sync::Arc;

use crate::backend::{Backend, BackendError, Payload};
use crate::codec::h1::{Buffer, Side, relay};
use crate::observe::{Count, ObservedStream, StreamEnded};

/// Why a connection was not passed on to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unforwarded {
    /// No route is attached, or its share is that of a bad reference.
    #[error("no backend takes the connection")]
    Refused,
    /// No endpoint could be reached.
    #[error(transparent)]
    Unreached(#[from] BackendError),
    /// One side broke.
    #[error("a connection broke")]
    Broken(#[from] io::Error),
}

/// Passes `client` on to `backend`, until both sides are done: one that has closed its half
/// still gets what the other sends. Returns the bytes sent to the backend and those received from it.
///
/// What cannot be passed on is closed, which is all that TCP can say.
pub(super) async fn forward<B: Backend>(
    backend: Option<Arc<B>>,
    payload: Payload,
    worker: usize,
    client: Side,
    observed: &mut ObservedStream,
) -> Result<(u64, u64), Unforwarded> {
    let passed = pass_on(backend, payload, worker, client, observed).await;
    observed.ended(match &passed {
        Ok(_) => StreamEnded::Complete,
        Err(Unforwarded::Refused) => StreamEnded::Refused,
        Err(Unforwarded::Unreached(error)) => StreamEnded::Failed(error.kind()),
        Err(Unforwarded::Broken(_)) => StreamEnded::Cut,
    });
    passed
}

async fn pass_on<B: Backend>(
    backend: Option<Arc<B>>,
    payload: Payload,
    worker: usize,
    mut client: Side,
    observed: &mut ObservedStream,
) -> Result<(u64, u64), Unforwarded> {
    let backend = backend.ok_or(Unforwarded::Refused)?;
    let tunnel = backend.open(payload, worker).await?;
    let (stream, _held) = tunnel.into_parts();
    let mut backend = Side::new(stream, Buffer::new());
    let count = |received, sent| observed.count(received, sent);
    Ok(relay(&mut client, &mut backend, count).await?)
}
