//! The response on one stream of HTTP/2.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::SendStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response, Version, header};
use http_body::Body as _;

use super::http2::BROKEN;
use crate::Body;
use crate::body::BodyError;

/// Sends the response that `answered` comes to, unless the client gives the stream up.
pub(super) async fn respond(
    send: &Mutex<SendResponse<Bytes>>,
    mut answered: impl Future<Output = Response<Body>> + Unpin,
) {
    let response = poll_fn(|cx| match Pin::new(&mut answered).poll(cx) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => lock(send).poll_reset(cx).map(|_given_up| None),
    });
    let Some(response) = response.await else {
        return;
    };
    let (mut parts, body) = response.into_parts();
    parts.version = Version::HTTP_2;
    complete(&mut parts.headers, &body);
    let ended = body.is_end_stream();
    let sent = lock(send).send_response(Response::from_parts(parts, ()), ended);
    match sent {
        Ok(stream) if !ended => pass_on(stream, body).await,
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(%error, "a response cannot be sent");
            lock(send).send_reset(BROKEN);
        }
    }
}

fn lock(send: &Mutex<SendResponse<Bytes>>) -> MutexGuard<'_, SendResponse<Bytes>> {
    send.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes away what HTTP/2 has no use for (RFC 9113 section 8.2.2), and adds date and length.
fn complete(headers: &mut HeaderMap, body: &Body) {
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
        headers.remove(name);
    }
    if !headers.contains_key(header::DATE) {
        let date = httpdate::fmt_http_date(SystemTime::now());
        if let Ok(date) = HeaderValue::try_from(date) {
            headers.insert(header::DATE, date);
        }
    }
    if let Some(length @ 1..) = body.size_hint().exact()
        && !headers.contains_key(header::CONTENT_LENGTH)
    {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
}

/// Sends the body as the client's window allows; what cannot be ended well ends in a reset.
async fn pass_on(mut stream: SendStream<Bytes>, mut body: Body) {
    let mut waiting = None;
    let passed = poll_fn(|cx| poll_pass_on(&mut stream, &mut body, &mut waiting, cx)).await;
    match passed {
        Ok(()) => {}
        Err(Stopped::Body(error)) => {
            tracing::debug!(%error, "a response broke off");
            stream.send_reset(BROKEN);
        }
        Err(Stopped::Stream(error)) => tracing::debug!(%error, "a client gave a response up"),
    }
}

/// Why a body was not sent whole.
enum Stopped {
    Body(BodyError),
    Stream(h2::Error),
}

impl From<h2::Error> for Stopped {
    fn from(error: h2::Error) -> Self {
        Self::Stream(error)
    }
}

fn poll_pass_on(
    stream: &mut SendStream<Bytes>,
    body: &mut Body,
    waiting: &mut Option<Bytes>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Stopped>> {
    loop {
        if let Some(data) = waiting {
            // As much as the window takes, and no more is read until it is gone.
            stream.reserve_capacity(data.len());
            if stream.capacity() == 0 {
                match ready!(stream.poll_capacity(cx)) {
                    Some(capacity) => drop(capacity?),
                    None => return Poll::Ready(Ok(())),
                }
                continue;
            }
            let data = data.split_to(stream.capacity().min(data.len()));
            let rest = waiting.take_if(|rest| rest.is_empty()).is_none();
            let last = !rest && body.is_end_stream();
            stream.send_data(data, last)?;
            if last {
                return Poll::Ready(Ok(()));
            }
            continue;
        }
        if let Poll::Ready(reset) = stream.poll_reset(cx) {
            reset?;
            return Poll::Ready(Ok(()));
        }
        let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) else {
            return Poll::Ready(stream.send_data(Bytes::new(), true).map_err(Into::into));
        };
        match frame.map_err(Stopped::Body)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => *waiting = Some(data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                return Poll::Ready(stream.send_trailers(trailers).map_err(Into::into));
            }
        }
    }
}
