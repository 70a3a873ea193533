//! Reading the start of a body that goes on to somebody else.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::Body;
use crate::body::{BodyError, Kept};

/// The start of a body.
pub(super) struct Start {
    pub(super) bytes: Bytes,
    /// Is it all of it?
    pub(super) whole: bool,
}

/// Reads the first `limit` bytes of `body`, which stays as it was.
///
/// # Errors
/// The body broke off.
pub(super) async fn start_of(body: &mut Body, limit: usize) -> Result<Start, BodyError> {
    let mut rest = std::mem::take(body);
    let (mut bytes, mut kept) = (BytesMut::new(), Kept::new(usize::MAX));
    let mut trailers = false;
    while bytes.len() <= limit {
        let Some(frame) = rest.frame().await else {
            break;
        };
        let frame = frame?;
        match frame.data_ref() {
            Some(data) => bytes.extend_from_slice(data),
            None => trailers = true,
        }
        kept.keep(&frame);
    }
    let whole = bytes.len() <= limit;
    if whole && !trailers {
        let bytes = bytes.freeze();
        *body = Body::from(bytes.clone());
        return Ok(Start { bytes, whole });
    }
    *body = kept.before(rest);
    bytes.truncate(limit);
    Ok(Start {
        bytes: bytes.freeze(),
        whole,
    })
}
