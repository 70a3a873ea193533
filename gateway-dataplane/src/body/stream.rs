//! A body that is received over HTTP/2.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Frame, SizeHint};

use super::{BodyError, Item};

/// What a peer sends on one stream. Its window opens again as data is taken.
pub(crate) struct Stream {
    stream: RecvStream,
    left: Option<u64>,
    data_ended: bool,
}

impl Stream {
    pub(crate) fn new(stream: RecvStream, length: Option<u64>) -> Self {
        Self {
            stream,
            left: length,
            data_ended: false,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        if !self.data_ended {
            if let Some(data) = ready!(self.stream.poll_data(cx)) {
                return Poll::Ready(Some(self.taken(data)));
            }
            self.data_ended = true;
        }
        Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => trailers
                .map(|trailers| super::passed_on(Ok::<_, h2::Error>(Frame::trailers(trailers)))),
            Err(error) => Some(Err(BodyError::new(error))),
        })
    }

    fn taken(&mut self, data: Result<Bytes, h2::Error>) -> Result<Frame<Bytes>, BodyError> {
        let data = data.map_err(BodyError::new)?;
        let flow = self.stream.flow_control();
        flow.release_capacity(data.len()).map_err(BodyError::new)?;
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        Ok(Frame::data(data))
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
