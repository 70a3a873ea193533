//! Finding out which version of HTTP a client speaks.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::poll_fn;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::watch::{Order, Watch};

/// The version that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// What a client sends first when it speaks HTTP/2 (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Most of the first requests fit.
const FIRST_READ: usize = 2_048;

/// Reads until it is clear which protocol the client speaks; returns what was read as well. `None`:
/// the client left, or `watch` says stop.
pub(super) async fn sniff<S>(stream: &mut S, watch: &Watch) -> Option<(Protocol, Vec<u8>)>
where
    S: AsyncRead + Unpin,
{
    let mut ahead = Vec::with_capacity(FIRST_READ);
    loop {
        let read = {
            let mut read = pin!(stream.read_buf(&mut ahead));
            poll_fn(|cx| match watch.poll_order(cx) {
                Order::Stop => Poll::Ready(None),
                Order::Serve | Order::Finish => read.as_mut().poll(cx).map(Result::ok),
            })
            .await?
        };
        watch.read_some();
        let common = ahead.len().min(PREFACE.len());
        if ahead[..common] != PREFACE[..common] {
            return Some((Protocol::Http1, ahead));
        }
        if common == PREFACE.len() {
            return Some((Protocol::Http2, ahead));
        }
        if read == 0 {
            return None;
        }
    }
}
