//! A copy of a request body that never holds up the original.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Body, BodyError};

/// What all copies of a proxy share.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// Bytes that are kept for those which lag behind.
    kept: AtomicUsize,
    lost: AtomicU64,
}

impl Copies {
    /// Counts a copy that its mirror does not get whole, and says so ever more rarely.
    pub(crate) fn lose(&self, limit: &'static str) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            tracing::warn!(lost, limit, "mirrors do not get all requests whole");
        }
    }

    /// How many were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// How far a copy may lag behind.
pub(crate) struct Bounds {
    /// Bytes of one.
    pub(crate) one: usize,
    /// Bytes of all.
    pub(crate) all: usize,
}

/// How far a copy lags behind.
struct Lag {
    bytes: AtomicUsize,
    bounds: Bounds,
    copies: Arc<Copies>,
}

/// Bytes that are kept for a copy until it is read.
struct Kept {
    length: usize,
    lag: Arc<Lag>,
}

impl Kept {
    /// Keeps `length` bytes more, or says which limit forbids it.
    fn new(length: usize, lag: &Arc<Lag>) -> Result<Self, &'static str> {
        let kept = Self {
            length,
            lag: Arc::clone(lag),
        };
        let add = |bytes: &AtomicUsize| bytes.fetch_add(length, Ordering::Relaxed) + length;
        let (one, all) = (add(&lag.bytes), add(&lag.copies.kept));
        if one > lag.bounds.one {
            return Err("mirror_lag");
        }
        match all > lag.bounds.all {
            true => Err("mirror_lag_of_all"),
            false => Ok(kept),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for bytes in [&self.lag.bytes, &self.lag.copies.kept] {
            bytes.fetch_sub(self.length, Ordering::Relaxed);
        }
    }
}

/// The end of a tee that watches the original go by.
pub(super) struct Tee {
    copy: Option<UnboundedSender<(Frame<Bytes>, Kept)>>,
    lag: Arc<Lag>,
    ended: Arc<AtomicBool>,
    next: Option<Box<Tee>>,
}

/// Splits `body` into itself and a copy. The copy breaks off when it lags further behind than `bounds` allow, or
/// when the original does.
pub(crate) fn tee(mut body: Body, bounds: Bounds, copies: &Arc<Copies>) -> (Body, Body) {
    if body.is_empty() {
        return (body, Body::empty());
    }
    let (copy, frames) = unbounded_channel();
    let ended = Arc::default();
    let follower = Follower {
        frames,
        ended: Arc::clone(&ended),
        size: body.size_hint(),
    };
    let layers = body.layers.get_or_insert_default();
    layers.tee = Some(Tee {
        copy: Some(copy),
        lag: Arc::new(Lag {
            bytes: AtomicUsize::new(0),
            bounds,
            copies: Arc::clone(copies),
        }),
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
    fn send(&self, copy: &UnboundedSender<(Frame<Bytes>, Kept)>, frame: &Frame<Bytes>) -> bool {
        let (length, repeated) = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => (data.len(), Frame::data(data.clone())),
            (None, Some(trailers)) => (0, Frame::trailers(trailers.clone())),
            (None, None) => return true,
        };
        match Kept::new(length, &self.lag) {
            Ok(kept) => copy.send((repeated, kept)).is_ok(),
            Err(limit) => {
                self.lag.copies.lose(limit);
                false
            }
        }
    }
}

/// The copy.
struct Follower {
    frames: UnboundedReceiver<(Frame<Bytes>, Kept)>,
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
            Some((frame, _kept)) => Poll::Ready(Some(Ok(frame))),
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
