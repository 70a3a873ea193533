//! Finding out which version of HTTP a client speaks.

use std::task::Poll;

use futures_util::future::poll_fn;

use super::watch::{Order, Watch};
use crate::codec::h1::Side;
use crate::limits::fixed as limits;

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

/// Reads until it is clear which protocol the client speaks. `None`: the client left, or `watch` says stop.
pub(super) async fn sniff(side: &mut Side, watch: &Watch) -> Option<Protocol> {
    loop {
        let read = poll_fn(|cx| match watch.poll_order(cx) {
            Order::Stop => Poll::Ready(None),
            Order::Serve | Order::Finish => side.poll_fill(limits::BUFFER, cx).map(Result::ok),
        });
        let read = read.await?;
        let common = side.input.len().min(PREFACE.len());
        if side.input[..common] != PREFACE[..common] {
            return Some(Protocol::Http1);
        }
        if common == PREFACE.len() {
            return Some(Protocol::Http2);
        }
        if read == 0 {
            return None;
        }
    }
}
