//! Keeps a request body so that the request can be repeated.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use super::{Body, BodyError};

/// What [`buffer`] made of a body.
pub(crate) enum Buffered {
    /// All of it.
    Whole(Whole),
    /// Too long to keep: it can be sent once.
    Once(Body),
}

/// A body in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whole {
    data: Bytes,
    trailers: Option<HeaderMap>,
}

impl Whole {
    /// The body, once more.
    pub(crate) fn body(&self) -> Body {
        match &self.trailers {
            None => self.data.clone().into(),
            Some(trailers) => Body::new(Chunks {
                ready: [
                    Frame::data(self.data.clone()),
                    Frame::trailers(trailers.clone()),
                ]
                .into(),
                rest: Body::empty(),
            }),
        }
    }
}

/// Reads `body` as long as it stays within `limit` bytes.
///
/// # Errors
/// The body broke off.
pub(crate) async fn buffer(mut body: Body, limit: usize) -> Result<Buffered, BodyError> {
    if body.is_empty() {
        return Ok(Buffered::Whole(Whole::default()));
    }
    if body.size_hint().lower() > limit as u64 {
        return Ok(Buffered::Once(body));
    }
    let mut whole = Whole::default();
    let mut data = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(chunk) if data.len() + chunk.len() > limit => {
                let ready = [Frame::data(data.freeze()), Frame::data(chunk)].into();
                return Ok(Buffered::Once(Body::new(Chunks { ready, rest: body })));
            }
            Ok(chunk) => data.extend_from_slice(&chunk),
            Err(frame) => whole.trailers = frame.into_trailers().ok(),
        }
    }
    whole.data = data.freeze();
    Ok(Buffered::Whole(whole))
}

/// What was read of a body, as long as that is little.
pub(crate) struct Kept {
    frames: VecDeque<Frame<Bytes>>,
    left: usize,
}

impl Kept {
    /// Nothing yet, and `limit` bytes at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            left: limit,
        }
    }

    /// Keeps a frame. False: that is too much.
    pub(crate) fn keep(&mut self, frame: &Frame<Bytes>) -> bool {
        let copy = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => Frame::data(data.clone()),
            (None, trailers) => Frame::trailers(trailers.cloned().unwrap_or_default()),
        };
        let length = copy.data_ref().map_or(0, Bytes::len);
        let fits = length <= self.left;
        self.left = self.left.saturating_sub(length);
        self.frames.push_back(copy);
        fits
    }

    /// The body of which this was read, `rest` being what was not.
    pub(crate) fn before(self, rest: Body) -> Body {
        if self.frames.is_empty() {
            return rest;
        }
        let ready = self.frames;
        Body::new(Chunks { ready, rest })
    }
}

/// Frames that were read already, then the rest.
struct Chunks {
    ready: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.ready.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ready: usize = self
            .ready
            .iter()
            .filter_map(Frame::data_ref)
            .map(Bytes::len)
            .sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ready as u64);
        }
        hint.set_lower(rest.lower() + ready as u64);
        hint
    }
}
