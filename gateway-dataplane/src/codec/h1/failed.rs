//! Why an exchange gave no response.

use std::io;
use std::time::Duration;

use super::decode::Malformed;
use super::side::NoHead;
use crate::Body;
use crate::body::BodyError;
use crate::head::HeadError;

/// Why there is no response.
pub(crate) enum Failed {
    /// Not a byte of the request was taken, and its body, which is here, was not touched.
    NotSent(Body),
    /// The connection broke without a byte of a response.
    Unanswered(Broke),
    /// What came is no response.
    Protocol(NoResponse),
    /// Nothing came for so long, and nothing was taken.
    Late(Duration),
    /// The body of the request broke off.
    Request(BodyError),
}

/// How the connection broke.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint closed the connection before it answered")]
pub(crate) struct Broke(#[source] pub(super) Option<io::Error>);

/// What is wrong with a response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoResponse {
    #[error(transparent)]
    Head(NoHead),
    #[error(transparent)]
    Framing(HeadError),
    #[error(transparent)]
    Body(Malformed),
    #[error("there are too many interim responses")]
    Interim,
}
