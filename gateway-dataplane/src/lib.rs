//! A reference proxy for the Gateway API.
//!
//! gateway-dataplane reads no manifest and writes no status: it serves an
//! [intermediate representation](gateway_resolve::ir).

pub mod backend;
mod body;
pub mod filter;
pub mod forward;
pub mod head;
mod limits;
mod rewind;
pub mod table;

pub use body::{Body, BodyError};
pub use limits::Limits;
