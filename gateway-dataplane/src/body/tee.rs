//! A copy of a request body that never holds up the original.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Body, BodyError};

/// The end of a tee that watches the original go by.
pub(super) struct Tee {
    copy: Option<UnboundedSender<Frame<Bytes>>>,
    lag: Arc<AtomicUsize>,
    limit: usize,
    ended: Arc<AtomicBool>,
    next: Option<Box<Tee>>,
}

/// Splits `body` into itself and a copy. The copy breaks off when it lags more than `limit` bytes
/// behind, or when the original does.
pub(crate) fn tee(mut body: Body, limit: usize) -> (Body, Body) {
    if body.is_empty() {
        return (body, Body::empty());
    }
    let (copy, frames) = unbounded_channel();
    let lag = Arc::new(AtomicUsize::new(0));
    let ended = Arc::default();
    let follower = Follower {
        frames,
        lag: Arc::clone(&lag),
        ended: Arc::clone(&ended),
        size: body.size_hint(),
    };
    let layers = body.layers.get_or_insert_default();
    layers.tee = Some(Tee {
        copy: Some(copy),
        lag,
        limit,
        ended,
        next: layers.tee.take().map(Box::new),
    });
    (body, Body::new(follower))
}

impl Tee {
    /// Notes what the original yielded; `last`: there is nothing after it.
    pub(super) fn see(&mut self, frame: &Option<Result<Frame<Bytes>, BodyError>>, last: bool) {
        if let Some(next) = &mut self.next {
            next.see(frame, last);
        }
        if let (Some(copy), Some(Ok(frame))) = (&self.copy, frame)
            && !self.send(copy, frame)
        {
            self.copy = None;
        }
        match frame {
            None => self.end(),
            Some(Ok(_)) if last => self.end(),
            Some(Ok(_)) => {}
            Some(Err(_)) => self.copy = None,
        }
    }

    fn end(&mut self) {
        if self.copy.is_some() {
            self.ended.store(true, Ordering::Release);
            self.copy = None;
        }
    }

    /// False: the copy is lost.
    fn send(&self, copy: &UnboundedSender<Frame<Bytes>>, frame: &Frame<Bytes>) -> bool {
        let repeated = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => {
                let lag = self.lag.fetch_add(data.len(), Ordering::Relaxed) + data.len();
                if lag > self.limit {
                    return false;
                }
                Frame::data(data.clone())
            }
            (None, Some(trailers)) => Frame::trailers(trailers.clone()),
            (None, None) => return true,
        };
        copy.send(repeated).is_ok()
    }
}

/// The copy.
struct Follower {
    frames: UnboundedReceiver<Frame<Bytes>>,
    lag: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    size: SizeHint,
}

impl http_body::Body for Follower {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match ready!(self.frames.poll_recv(cx)) {
            Some(frame) => {
                let len = frame.data_ref().map_or(0, Bytes::len);
                self.lag.fetch_sub(len, Ordering::Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
            None if self.ended.load(Ordering::Acquire) => Poll::Ready(None),
            None => Poll::Ready(Some(Err(BodyError::new(
                "the mirrored request was given up",
            )))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
