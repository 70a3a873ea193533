//! A reference proxy for the Gateway API.
//!
//! gateway-dataplane reads no manifest and writes no status: it serves an
//! [intermediate representation](gateway_resolve::ir).

pub mod filter;
pub mod forward;
pub mod head;
pub mod table;
