//! The task of a connection: moves its frames, asks after a silent endpoint, and ends what nobody uses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::client::Connection;
use h2::{Ping, PingPong, Reason};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Http2;

/// Waits for the endpoint's settings, and says how many streams they allow.
pub(super) async fn settings<S>(connection: &mut Connection<S, Bytes>) -> Result<usize, h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut *connection).poll(cx) {
            return Poll::Ready(ended.and(Err(Reason::NO_ERROR.into())));
        }
        match connection.max_concurrent_send_streams() {
            0 => Poll::Pending,
            allowed => Poll::Ready(Ok(allowed)),
        }
    })
    .await
}

/// Drives `connection` until it closes.
pub(super) async fn drive<S>(mut connection: Connection<S, Bytes>, http2: Arc<Http2>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut vigil = Vigil::new(connection.ping_pong(), &http2);
    let ended = poll_fn(|cx| {
        http2.driver.register(cx.waker());
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(ended.map_err(Some));
        }
        let allowed = connection.max_concurrent_send_streams();
        let most = allowed.min(http2.settings.streams);
        http2.max_streams.store(most, Ordering::Relaxed);
        match vigil.poll(&http2, cx) {
            Poll::Ready(Silent) => Poll::Ready(Err(None)),
            Poll::Pending => Poll::Pending,
        }
    });
    let ended = ended.await;
    http2.close();
    http2.ended();
    match ended {
        Ok(()) => {}
        Err(Some(error)) => tracing::debug!(%error, "an HTTP/2 connection to an endpoint ended"),
        Err(None) => tracing::info!("an HTTP/2 connection to an endpoint went silent"),
    }
}

/// An endpoint does not answer a PING.
struct Silent;

/// Watches over a connection.
struct Vigil {
    pings: Option<PingPong>,
    /// When a PING was sent that is not answered yet.
    asked: Option<Instant>,
    clock: Interval,
    /// How often anything had been heard at the last tick, and since when it is that.
    heard: (u64, Instant),
    /// The last tick at which there were streams.
    used: Instant,
}

impl Vigil {
    fn new(pings: Option<PingPong>, http2: &Http2) -> Self {
        let now = Instant::now();
        let mut clock = interval(http2.settings.tick());
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            pings,
            asked: None,
            clock,
            heard: (0, now),
            used: now,
        }
    }

    fn poll(&mut self, http2: &Http2, cx: &mut Context<'_>) -> Poll<Silent> {
        loop {
            self.poll_pong(http2, cx);
            if http2.doubted.load(Ordering::Relaxed) && self.asked.is_none() {
                self.ask();
            }
            let now = ready!(self.clock.poll_tick(cx));
            let asked = self.asked.map(|asked| now.duration_since(asked));
            if asked.is_some_and(|waited| waited >= http2.settings.ping) {
                return Poll::Ready(Silent);
            }
            self.look(http2, now);
        }
    }

    /// Asks after an endpoint that owes something, and closes what is not used.
    fn look(&mut self, http2: &Http2, now: Instant) {
        let heard = http2.heard.load(Ordering::Relaxed);
        if self.heard.0 != heard {
            self.heard = (heard, now);
        }
        if http2.streams.load(Ordering::Relaxed) > 0 {
            self.used = now;
            let quiet = now.duration_since(self.heard.1);
            if quiet >= http2.settings.ping_after && self.asked.is_none() {
                self.ask();
            }
        } else if now.duration_since(self.used) >= http2.settings.idle {
            http2.close_unused();
        }
    }

    fn ask(&mut self) {
        let pings = self.pings.as_mut();
        // It fails only while another is on its way, or the connection is closing.
        let sent = pings.is_some_and(|pings| pings.send_ping(Ping::opaque()).is_ok());
        self.asked = sent.then(Instant::now);
    }

    fn poll_pong(&mut self, http2: &Http2, cx: &mut Context<'_>) {
        if let (Some(_), Some(pings)) = (self.asked, &mut self.pings)
            && pings.poll_pong(cx).is_ready()
        {
            self.asked = None;
            http2.doubted.store(false, Ordering::Relaxed);
        }
    }
}
