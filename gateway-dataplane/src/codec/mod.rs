//! Protocols on the wire.

pub(crate) mod h1;
