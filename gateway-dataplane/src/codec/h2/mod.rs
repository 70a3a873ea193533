//! Bodies on streams of HTTP/2; the protocol itself is the `h2` crate's.

mod answering;
mod connection_fields;
mod frames;
mod sending;

pub(crate) use answering::Answering;
pub(crate) use connection_fields::strip;
pub(crate) use frames::{Frames, PREFACE};
pub(crate) use sending::{Sending, Stopped};

use h2::Reason;

/// The code of a stream whose message broke off.
pub(crate) const BROKEN: Reason = Reason::INTERNAL_ERROR;
