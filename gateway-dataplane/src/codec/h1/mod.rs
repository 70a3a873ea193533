//! HTTP/1 on byte streams, both sides (RFC 9112).
//!
//! A [`Side`] is one end of an exchange: a stream, what was read ahead, what is to be written, and where the
//! message that comes and the one that goes end. A [`Pump`] moves a body from one side to another through
//! the buffer that it was read into. Nothing here spawns or knows a route.

mod bare;
mod buffer;
mod compose;
mod decode;
mod encode;
mod exchange;
mod failed;
mod lease;
mod parse;
mod pump;
mod relay;
mod server;
mod side;
mod splice;
mod stream;
mod switched;
#[cfg(test)]
mod tests;

pub(crate) use buffer::Buffer;
pub(crate) use compose::{Size, fit_interim, keeps_alive, write_request};
pub(crate) use decode::{Decoder, Malformed, Piece};
pub(crate) use exchange::{Allowance, Answered, Exchange, announced, send, write_frame};
pub(crate) use failed::{Broke, Failed, NoResponse};
pub(crate) use lease::{Connection, Home, Lease};
pub(crate) use parse::{BadHead, HeadLimits};
pub(crate) use pump::{Broken, Pump};
pub(crate) use relay::relay;
pub(crate) use server::{Client, Rules};
pub(crate) use side::{NoHead, Side};
pub(crate) use stream::Stream;
