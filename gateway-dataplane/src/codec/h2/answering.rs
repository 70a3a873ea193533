//! The body of a response on a stream of HTTP/2, while the request's may go on.

use std::task::{Context, Poll, ready};

use h2::{Reason, RecvStream};
use http_body::SizeHint;

use super::{Sending, Stopped};
use crate::body::{Item, Stream};

/// What is left of an exchange whose response has begun.
pub(crate) struct Answering {
    sending: Option<Sending>,
    frames: Stream,
    /// What lives as long as the stream does.
    _stream: Box<dyn Send>,
}

impl Answering {
    pub(crate) fn new(
        frames: RecvStream,
        length: Option<u64>,
        sending: Option<Sending>,
        stream: Box<dyn Send>,
    ) -> Self {
        Self {
            sending,
            frames: Stream::new(frames, length),
            _stream: stream,
        }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        if let Some(sending) = &mut self.sending
            && let Poll::Ready(sent) = sending.poll(cx)
        {
            if let Err(Stopped::Body(error)) = sent {
                sending.reset(Reason::CANCEL);
                return Poll::Ready(Some(Err(error)));
            }
            // What the endpoint does not want any more, it need not get.
            self.sending = None;
        }
        Poll::Ready(ready!(self.frames.poll(cx)))
    }

    /// Was all read?
    pub(crate) fn is_over(&self) -> bool {
        self.frames.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.frames.size_hint()
    }
}
