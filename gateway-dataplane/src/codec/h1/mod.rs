//! HTTP/1 on byte streams, both sides (RFC 9112).
//!
//! A [`Side`] is one end of an exchange: a stream, what was read ahead, what is to be written, and where the
//! message that comes and the one that goes end. A [`Pump`] moves a body from one side to another through
//! the buffer that it was read into. Nothing here spawns or knows a route.

mod buffer;
mod compose;
mod decode;
mod encode;
mod exchange;
mod lease;
mod parse;
mod pump;
mod side;
mod splice;
mod stream;

pub(crate) use exchange::{Exchange, Failed, NoResponse, send};
pub(crate) use lease::{Connection, Home, Lease};
pub(crate) use side::NoHead;
pub(crate) use stream::Stream;
