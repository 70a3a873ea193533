//! Protocols on the wire.

pub(crate) mod h1;
pub(crate) mod h2;
