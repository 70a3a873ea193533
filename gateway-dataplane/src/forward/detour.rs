//! A request of an HTTP/1 client as a request with a body of its own, for what needs more than two
//! connections: retries, mirrors, other protocols, backends of somebody else's.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::future::poll_fn;
use http::Response;
use http_body::{Body as _, Frame};

use super::client::last_if_told;
use crate::Body;
use crate::body::{BodyError, Feed, Informer, Wish};
use crate::codec::h1::{Client, Malformed, Piece, Size, write_frame};
use crate::limits::fixed as limits;
use crate::server::{Order, Watch};

/// The client left, or the response broke off.
pub(super) struct BrokeOff;

/// The body of the client's request, and what feeds it.
pub(super) fn body(client: &Client) -> (Body, Option<Feed>) {
    match client.side.decoder.is_done() {
        true => (Body::empty(), None),
        false => {
            let (body, feed) = Body::piped(client.side.decoder.left());
            (body, Some(feed))
        }
    }
}

/// Interim responses that are to be passed on.
#[derive(Clone, Default)]
pub(super) struct Interim(Arc<Mutex<VecDeque<Response<()>>>>);

impl Interim {
    /// The way for them, which takes no more than a backend may send.
    pub(super) fn informer(&self) -> Informer {
        let (waiting, count) = (Arc::clone(&self.0), AtomicUsize::new(0));
        Informer::new(move |interim| {
            if count.fetch_add(1, Ordering::Relaxed) < limits::INTERIM_RESPONSES {
                lock(&waiting).push_back(interim);
            }
        })
    }

    /// Puts down those that have come.
    fn pass_on(&self, client: &mut Client) {
        while let Some(interim) = lock(&self.0).pop_front() {
            client.response.read_parts(&interim.into_parts().0);
            client.pass_on_interim();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the response to the request whose body `feed` feeds.
pub(super) async fn answer(
    client: &mut Client,
    feed: &mut Option<Feed>,
    interim: &Interim,
    watch: Option<&Watch>,
    answered: impl Future<Output = Response<Body>>,
) -> Result<Response<Body>, BrokeOff> {
    let mut answered = pin!(answered);
    poll_fn(|cx| {
        let response = answered.as_mut().poll(cx);
        interim.pass_on(client);
        if let Poll::Ready(response) = response {
            return Poll::Ready(Ok(response));
        }
        if matches!(client.side.poll_flush(cx), Poll::Ready(Err(_))) {
            return Poll::Ready(Err(BrokeOff));
        }
        match is_over(client, feed, watch, cx) {
            true => Poll::Ready(Err(BrokeOff)),
            false => Poll::Pending,
        }
    })
    .await
}

/// Puts a response down and passes its body on, while the request's may go on.
pub(super) async fn respond(
    client: &mut Client,
    feed: &mut Option<Feed>,
    watch: Option<&Watch>,
    response: Response<Body>,
) -> Result<(), BrokeOff> {
    let (parts, mut body) = response.into_parts();
    let size = match (body.is_end_stream(), body.size_hint().exact()) {
        (true, _) => Size::Empty,
        (false, Some(length)) => Size::Exact(length),
        (false, None) => Size::Unknown,
    };
    client.response.read_parts(&parts);
    let said = client
        .response
        .fields
        .text(crate::head::Known::ContentLength);
    let size = match (size, said.and_then(|said| said.parse().ok())) {
        (Size::Unknown, Some(length)) => Size::Exact(length),
        (size, _) => size,
    };
    last_if_told(client, watch);
    client.respond(size);
    let mut ended = !client.takes_body();
    poll_fn(|cx| {
        loop {
            if ended {
                break;
            }
            if client.side.output.len() > GATHERED {
                let flushed = client.side.poll_flush(cx).map_err(|_| BrokeOff)?;
                if flushed.is_pending() {
                    break;
                }
            }
            match Pin::new(&mut body).poll_frame(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(frame))) => {
                    ended = write_frame(&mut client.side, frame).map_err(|_| BrokeOff)?;
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "a response broke off");
                    return Poll::Ready(Err(BrokeOff));
                }
                Poll::Ready(None) => {
                    client.side.finish_body(None).map_err(|_| BrokeOff)?;
                    ended = true;
                }
            }
        }
        let flushed = client.side.poll_flush(cx).map_err(|_| BrokeOff)?;
        if ended && flushed.is_ready() {
            return Poll::Ready(Ok(()));
        }
        match is_over(client, feed, watch, cx) {
            true => Poll::Ready(Err(BrokeOff)),
            false => Poll::Pending,
        }
    })
    .await
}

/// Bytes that are collected before they are written.
const GATHERED: usize = 16 << 10;

/// Feeds the request's body; true: the client left or has to.
fn is_over(
    client: &mut Client,
    feed: &mut Option<Feed>,
    watch: Option<&Watch>,
    cx: &mut Context<'_>,
) -> bool {
    if watch.is_some_and(|watch| watch.poll_order(cx) == Order::Stop) {
        return true;
    }
    let Some(feeding) = feed else {
        return client.is_gone(cx);
    };
    match poll_feed(client, feeding, cx) {
        Poll::Pending => false,
        Poll::Ready(()) => {
            *feed = None;
            client.side.decoder.is_done() && client.is_gone(cx)
        }
    }
}

/// Ready when there is nothing more to feed, or nobody wants it.
fn poll_feed(client: &mut Client, feed: &Feed, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        if ready!(feed.poll_wish(cx)) == Wish::Nothing {
            return Poll::Ready(());
        }
        client.ask();
        if client.side.poll_flush(cx).is_pending() {
            return Poll::Pending;
        }
        let side = &mut client.side;
        match side.decoder.next(&mut side.input, side.eof) {
            Ok(Piece::Data(count)) => {
                let data = bytes::Bytes::copy_from_slice(&side.input[..count]);
                side.input.advance(count);
                side.decoder.consume(count);
                feed.put(Ok(Frame::data(data)));
            }
            Ok(Piece::End) => {
                if let Some(mut trailers) = side.decoder.trailers() {
                    crate::forward::headers::strip_trailers(&mut trailers);
                    feed.put(Ok(Frame::trailers(*trailers)));
                }
                feed.end();
                return Poll::Ready(());
            }
            Ok(Piece::More) => match ready!(side.poll_fill(16 << 10, cx)) {
                Ok(_) => {}
                Err(error) => {
                    feed.put(Err(BodyError::new(error)));
                    return Poll::Ready(());
                }
            },
            Err(error) => {
                client.keep_alive = false;
                feed.put(Err(broken(error)));
                return Poll::Ready(());
            }
        }
    }
}

fn broken(error: Malformed) -> BodyError {
    BodyError::new(error)
}
