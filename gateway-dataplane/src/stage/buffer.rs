//! Requests that are read whole before they go on.

use http::StatusCode;

use super::peek::start_of;
use crate::admit::{Admit, Admitted, Asking};
use crate::head::Known;
use crate::observe::Reason;

/// Reads requests whole, up to a number of bytes.
pub(super) struct Buffer(pub(super) u32);

impl Admit for Buffer {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            let start = start_of(request.body, self.0 as usize).await;
            let start = start.map_err(|_broke_off| {
                super::answer(StatusCode::BAD_REQUEST, "", Reason::Invalid)
            })?;
            if !start.whole {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return Err(super::answer(status, "Payload Too Large", Reason::TooLarge));
            }
            let length = start.bytes.len().to_string();
            if !start.bytes.is_empty() {
                let fields = &mut request.head.fields;
                fields.set(Known::ContentLength, length.as_bytes());
            }
            Ok(())
        })
    }

    fn takes_exchange(&self) -> bool {
        true
    }
}
