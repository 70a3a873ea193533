//! A body that is received over HTTP/2.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::RecvStream;
use http_body::{Frame, SizeHint};
use tokio::time::timeout;

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

/// What a client sends on its stream. What nobody reads of it goes to the rest.
pub(crate) struct Received {
    stream: Option<Stream>,
    rest: Arc<Rest>,
}

/// What a client still sends though its request was answered.
///
/// Whoever sends everything before they read would not get to the answer if their stream was reset, or stood still
/// (RFC 9113 section 8.1 lets a server ask for that, and clients do not read on after it).
#[derive(Default)]
pub(crate) struct Rest(Mutex<Option<Stream>>);

impl Received {
    pub(crate) fn new(stream: Stream, rest: &Arc<Rest>) -> Self {
        Self {
            stream: Some(stream),
            rest: Arc::clone(rest),
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        match &mut self.stream {
            Some(stream) => stream.poll(cx),
            None => Poll::Ready(None),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.stream.as_ref().is_none_or(Stream::is_end_stream)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let hint = self.stream.as_ref().map(Stream::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take_if(|stream| !stream.is_end_stream()) {
            *self.rest.lock() = Some(stream);
        }
    }
}

impl Rest {
    fn lock(&self) -> MutexGuard<'_, Option<Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what nobody wants, for so long at most. After that the client is told to stop.
    pub(crate) async fn read_on(&self, limit: Duration) {
        let rest = self.lock().take();
        if let Some(mut rest) = rest {
            let read = async { while let Some(Ok(_)) = poll_fn(|cx| rest.poll(cx)).await {} };
            let _in_time = timeout(limit, read).await;
        }
    }
}
