//! What moves of a request and its response, where nothing may stand still for long.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::{Instant, sleep_until};

use super::{Body, Item, Lull};

/// The pulse of one exchange.
#[derive(Clone)]
pub(crate) struct Pulse(Arc<Beats>);

struct Beats {
    limit: Duration,
    /// When the whole request has to be read, and the limit that says so.
    reading: Option<(Instant, Duration)>,
    /// How often something has moved.
    count: AtomicU64,
    /// Was the whole request read?
    is_complete: AtomicBool,
}

/// Nothing moved for the limit.
pub(crate) struct Silent {
    pub(crate) limit: Duration,
    /// Was the whole request read?
    pub(crate) is_complete: bool,
}

/// What a body does with the pulse of its exchange.
pub(super) enum Felt {
    /// A request's beats.
    Request(Pulse),
    /// A response's beats, and breaks off when there is no beat for the limit.
    Response(Pulse, Lull),
}

impl Pulse {
    /// That of an exchange which may stand still for `idle`, and whose request has to be read within `reading`. `None`:
    /// nobody cares.
    pub(crate) fn for_limits(idle: Option<Duration>, reading: Option<Duration>) -> Option<Self> {
        let is_felt = idle.is_some() || reading.is_some();
        is_felt.then(|| Self::new(idle.unwrap_or(Duration::MAX), reading))
    }

    fn new(limit: Duration, reading: Option<Duration>) -> Self {
        let reading = reading.map(|limit| (Instant::now() + limit, limit));
        Self(Arc::new(Beats {
            limit,
            reading,
            count: AtomicU64::new(0),
            is_complete: AtomicBool::new(false),
        }))
    }

    /// Feels a request, which is about to be sent.
    pub(crate) fn of_request(&self, body: Body) -> Body {
        if body.is_empty() {
            self.0.is_complete.store(true, Ordering::Relaxed);
        }
        body.felt(Felt::Request(self.clone()))
    }

    /// Feels a response.
    pub(crate) fn of_response(self, body: Body) -> Body {
        body.felt(Felt::Response(self, Lull::default()))
    }

    /// What `future` comes to, unless nothing moves for too long meanwhile.
    pub(crate) async fn watch<F: Future>(&self, future: F) -> Result<F::Output, Silent> {
        let (mut future, mut lull) = (pin!(future), Lull::default());
        let beats = &*self.0;
        let mut reading = beats
            .reading
            .map(|(end, limit)| (Box::pin(sleep_until(end)), limit));
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            let is_complete = beats.is_complete.load(Ordering::Relaxed);
            let late = |limit| Err(Silent { limit, is_complete });
            if let Some((end, limit)) = reading.as_mut().filter(|_| !is_complete)
                && end.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(late(*limit));
            }
            let count = beats.count.load(Ordering::Relaxed);
            lull.poll(beats.limit, Some(count), cx)
                .map(|()| late(beats.limit))
        })
        .await
    }

    fn beat(&self) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Felt {
    /// Notes what was read; `last`: there is nothing after it.
    pub(super) fn see(&self, item: &Item, last: bool) {
        match self {
            Self::Request(pulse) => {
                pulse.beat();
                if last || item.is_none() {
                    pulse.0.is_complete.store(true, Ordering::Relaxed);
                }
            }
            Self::Response(pulse, _) => pulse.beat(),
        }
    }

    /// Ready with the limit when nothing has moved for so long.
    pub(super) fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        match self {
            Self::Request(_) => Poll::Pending,
            Self::Response(Pulse(beats), lull) => {
                let count = beats.count.load(Ordering::Relaxed);
                lull.poll(beats.limit, Some(count), cx)
                    .map(|()| beats.limit)
            }
        }
    }
}
