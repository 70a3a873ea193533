//! What requests come by, and the headers that tell of it.

mod connection;
pub(crate) mod entropy;
pub mod headers;

pub use connection::ConnectionInfo;
