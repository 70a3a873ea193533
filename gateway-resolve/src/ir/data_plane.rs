//! What serves an IR.

use std::sync::Arc;

use super::{Ir, ListenerId};

/// What serves an [`Ir`]: gateway-dataplane's `Proxy`, or a proxy of the embedder's own.
pub trait DataPlane {
    /// What became of an IR.
    type Applied;

    /// Serves `ir` from now on: once this returns, it is what clients get.
    ///
    /// What cannot be served leaves the rest alone; it is told by [`unserved`](Self::unserved).
    fn apply(&self, ir: &Arc<Ir>) -> Self::Applied;

    /// The listeners that no client can reach, each with the reason, for the authors of Gateways.
    fn unserved(applied: &Self::Applied) -> Vec<(ListenerId, String)>;
}
