//! A body that one task reads from a connection, and whoever has it takes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::BodyError;

/// The end that is read from.
pub(super) struct Reader {
    pipe: Arc<Pipe>,
    length: Option<u64>,
}

/// The end that frames are put into, one at a time and only when somebody waits for one.
pub(crate) struct Feed(Arc<Pipe>);

#[derive(Default)]
struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    frame: Option<Result<Frame<Bytes>, BodyError>>,
    wanted: bool,
    ended: bool,
    /// The reader is gone.
    dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What the reader wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A frame.
    Frame,
    /// Nothing any more.
    Nothing,
}

/// The two ends of a body of `length` bytes, if that is known.
pub(super) fn piped(length: Option<u64>) -> (Reader, Feed) {
    let pipe = Arc::new(Pipe::default());
    let feed = Feed(Arc::clone(&pipe));
    (Reader { pipe, length }, feed)
}

impl Pipe {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    /// Waits until the reader wants something.
    pub(crate) fn poll_wish(&self, cx: &mut Context<'_>) -> Poll<Wish> {
        let mut state = self.0.state();
        match (state.dropped, state.wanted && state.frame.is_none()) {
            (true, _) => Poll::Ready(Wish::Nothing),
            (false, true) => Poll::Ready(Wish::Frame),
            (false, false) => {
                state.writer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Hands over what was wanted.
    pub(crate) fn put(&self, frame: Result<Frame<Bytes>, BodyError>) {
        let mut state = self.0.state();
        state.wanted = false;
        state.frame = Some(frame);
        wake(state.reader.take());
    }

    /// There is no more.
    pub(crate) fn end(&self) {
        let mut state = self.0.state();
        state.ended = true;
        wake(state.reader.take());
    }
}

impl Drop for Feed {
    /// Nobody reads on: a body that has not ended breaks off.
    fn drop(&mut self) {
        let mut state = self.0.state();
        if !state.ended && state.frame.is_none() {
            state.frame = Some(Err(BodyError::new("the request was given up")));
        }
        state.ended = true;
        wake(state.reader.take());
    }
}

impl Reader {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<super::Item> {
        let mut state = self.pipe.state();
        if let Some(frame) = state.frame.take() {
            let data = frame.as_ref().ok().and_then(Frame::data_ref);
            if let (Some(left), Some(data)) = (&mut self.length, data) {
                *left = left.saturating_sub(data.len() as u64);
            }
            return Poll::Ready(Some(frame));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        if !std::mem::replace(&mut state.wanted, true) {
            wake(state.writer.take());
        }
        Poll::Pending
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let state = self.pipe.state();
        state.frame.is_none() && (state.ended || self.length == Some(0))
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.pipe.state();
        state.dropped = true;
        wake(state.writer.take());
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
