//! Multiplexed HTTP/2 connections to an endpoint, each driven by a task of its own.

mod drive;
mod exchange;
mod heard;

pub(super) use exchange::SendError;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use h2::client::{Builder, SendRequest};
use tokio::io::{AsyncRead, AsyncWrite};

use self::heard::Heard;
use gateway_resolve::ir::BackendSettings;

use crate::Limits;

/// How connections are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Streams that are open at once.
    streams: usize,
    /// What an endpoint may send ahead on one of them. All of them together fit into the connection's window,
    /// so that those which nobody reads hold up no other.
    window: u32,
    /// The connection's window, where that is said.
    connection_window: Option<u32>,
    /// The requests that one takes.
    requests: Option<NonZeroU32>,
    send_buffer: usize,
    control_frames: u32,
    header_list: u32,
    header_count: usize,
    /// Bytes of a request's body that are kept until it is answered.
    kept: usize,
    response: Duration,
    idle: Duration,
    ping_after: Duration,
    ping: Duration,
}

impl Settings {
    pub(super) fn new(limits: &Limits, asked: &BackendSettings) -> Self {
        let http = asked.http.as_ref().map(|asked| asked.value);
        let http = http.unwrap_or_default();
        let own = asked.http2.as_ref().map(|asked| asked.value);
        let own = own.unwrap_or_default();
        let streams = own
            .streams
            .map_or(limits.upstream_h2_streams, NonZeroU32::get);
        let fields = http.fields.map(|count| count.get() as usize);
        Self {
            streams: streams.max(1) as usize,
            window: own
                .stream_window
                .unwrap_or(limits.upstream_h2_window)
                .min(MAX_WINDOW),
            connection_window: own.connection_window,
            requests: http.requests,
            send_buffer: asked.buffer_limit.as_ref().map_or(
                limits.upstream_h2_send_buffer,
                |limit| {
                    limits
                        .upstream_h2_send_buffer
                        .min(limit.value.max(LEAST_BUFFER) as usize)
                },
            ),
            control_frames: limits.h2_control_frames,
            header_list: u32::try_from(limits.response_header_bytes).unwrap_or(u32::MAX),
            header_count: fields.unwrap_or(limits.response_header_count),
            kept: limits.retry_body,
            response: limits.response_head,
            idle: http.idle.unwrap_or(limits.upstream_idle),
            ping_after: limits.upstream_ping_after,
            ping: limits.upstream_ping,
        }
    }
}

/// Less would hold up each request.
const LEAST_BUFFER: u32 = 1_024;

/// RFC 9113 section 6.9.1.
const MAX_WINDOW: u32 = (1 << 31) - 1;

impl Settings {
    fn connection_window(&self) -> u32 {
        if let Some(own) = self.connection_window {
            return own;
        }
        let streams = u32::try_from(self.streams).unwrap_or(u32::MAX);
        self.window.saturating_mul(streams).min(MAX_WINDOW)
    }

    /// What is looked at how often.
    fn tick(&self) -> Duration {
        let shortest = self.idle.min(self.ping_after).min(self.ping);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}

/// A connection, for as long as there is one.
pub(super) struct Http2 {
    /// None: it takes no more requests.
    sender: Mutex<Option<SendRequest<Bytes>>>,
    settings: Settings,
    /// Streams that are open, or [`CLOSED`] and more.
    streams: AtomicUsize,
    /// What this end and the endpoint's settings allow, as last seen.
    max_streams: AtomicUsize,
    /// Requests that it has taken.
    taken: AtomicUsize,
    /// How often bytes were read.
    heard: Arc<AtomicU64>,
    /// A request was given up, and nothing had been heard since it was sent.
    doubted: AtomicBool,
    driver: AtomicWaker,
    /// What lives as long as the connection.
    guard: Mutex<Option<Box<dyn Send>>>,
}

/// More streams than there ever are.
const CLOSED: usize = usize::MAX / 2;

impl Http2 {
    /// Starts a connection over `stream`, for as long as which `guard` lives, and waits for the endpoint's
    /// settings.
    ///
    /// # Errors
    /// The connection broke, or what came is not HTTP/2.
    pub(super) async fn start<S>(
        stream: S,
        settings: Settings,
        guard: impl Send + 'static,
    ) -> Result<Arc<Self>, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let heard = Arc::default();
        let stream = Heard::new(stream, Arc::clone(&heard), settings.control_frames);
        let (sender, mut connection) = Builder::new()
            .enable_push(false)
            // Until the settings say more.
            .initial_max_send_streams(0)
            .initial_window_size(settings.window)
            .initial_connection_window_size(settings.connection_window())
            .max_header_list_size(settings.header_list)
            .max_send_buffer_size(settings.send_buffer)
            .handshake(stream)
            .await?;
        let allowed = drive::settings(&mut connection).await?;
        let http2 = Arc::new(Self {
            sender: Mutex::new(Some(sender)),
            settings,
            streams: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            max_streams: AtomicUsize::new(allowed.min(settings.streams)),
            heard,
            doubted: AtomicBool::new(false),
            driver: AtomicWaker::new(),
            guard: Mutex::new(Some(Box::new(guard))),
        });
        tokio::spawn(drive::drive(connection, Arc::clone(&http2)));
        Ok(http2)
    }

    /// Does it take no more requests, ever?
    pub(super) fn is_closed(&self) -> bool {
        self.sender().is_none()
    }

    /// A handle with room for one more stream, if there is any. One that may have gone silent gets no more
    /// until it is heard of.
    pub(super) fn reserve(self: &Arc<Self>) -> Option<Reserved> {
        if self.doubted.load(Ordering::Relaxed) {
            return None;
        }
        let most = self.max_streams.load(Ordering::Relaxed);
        let streams = self.streams.fetch_add(1, Ordering::Relaxed);
        let reserved = Reserved {
            connection: Arc::clone(self),
            unanswered_since: None,
        };
        if streams >= most {
            return None;
        }
        if let Some(requests) = self.settings.requests {
            // The last one that it takes: it ends with that.
            let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
            if taken > requests.get() as usize {
                self.close();
                return None;
            }
        }
        Some(reserved)
    }

    /// Takes no more requests; the connection ends with its last stream.
    pub(super) fn close(&self) {
        let sender = self.sender().take();
        drop(sender);
        self.driver.wake();
    }

    /// Closes it, unless there are streams.
    pub(super) fn close_unused(&self) -> bool {
        let order = Ordering::Relaxed;
        let unused = self.streams.compare_exchange(0, CLOSED, order, order);
        if unused.is_ok() {
            self.close();
            self.ended();
        }
        unused.is_ok()
    }

    fn ended(&self) {
        let guard = self
            .guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(guard);
    }

    fn sender(&self) -> MutexGuard<'_, Option<SendRequest<Bytes>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on which one stream is counted.
pub(super) struct Reserved {
    connection: Arc<Http2>,
    /// How often anything had been heard when the request was sent.
    unanswered_since: Option<u64>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let http2 = &self.connection;
        http2.streams.fetch_sub(1, Ordering::Relaxed);
        let heard = http2.heard.load(Ordering::Relaxed);
        if self.unanswered_since == Some(heard) {
            http2.doubted.store(true, Ordering::Relaxed);
            http2.driver.wake();
        }
    }
}
