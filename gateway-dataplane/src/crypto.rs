//! What TLS is computed with; the one place that says so.

use std::sync::Arc;

use rustls::Error;
use rustls::crypto::CryptoProvider;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as chosen;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as chosen;
use rustls::server::ProducesTickets;

/// `ring`, or `aws-lc-rs` with the feature of that name.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(chosen::default_provider())
}

/// What seals the tickets of sessions, with keys that change.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn tickets() -> Result<Arc<dyn ProducesTickets>, Error> {
    chosen::Ticketer::new()
}
