//! The response on one stream of HTTP/2.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::SendStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response, Version, header};
use http_body::Body as _;

use crate::Body;
use crate::codec::h2::{BROKEN, Sending, Stopped, strip};

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

/// Takes away what HTTP/2 has no use for, and adds date and length.
fn complete(headers: &mut HeaderMap, body: &Body) {
    strip(headers);
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
async fn pass_on(stream: SendStream<Bytes>, body: Body) {
    let mut sending = Sending::new(stream, body);
    match poll_fn(|cx| sending.poll(cx)).await {
        Ok(()) => {}
        Err(Stopped::Body(error)) => {
            tracing::debug!(%error, "a response broke off");
            sending.reset(BROKEN);
        }
        Err(Stopped::Stream(error)) => tracing::debug!(%error, "a client gave a response up"),
    }
}
