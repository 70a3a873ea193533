//! Protocols on the wire.

#[allow(dead_code, reason = "the side of the server is not switched over yet")]
pub(crate) mod h1;
