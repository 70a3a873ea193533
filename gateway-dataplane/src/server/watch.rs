//! Timeouts of client connections, without a timer per request.
//!
//! Each connection notes what it is doing and since which tick of its worker's clock; a sweep at
//! each tick ends those that take too long.

mod registry;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;

use crate::Limits;
use crate::conduct::Life;

pub(super) use registry::{Registration, Registry};

/// Limits in ticks.
struct Ticks {
    header_read: u32,
    idle: u32,
    drain_idle: u32,
    stalled: u32,
    response_head: u32,
}

impl Ticks {
    fn of(limits: &Limits, tick: Duration) -> Self {
        let ticks = |limit: Duration| ticks(limit, tick);
        Self {
            header_read: ticks(limits.header_read),
            idle: ticks(limits.idle),
            drain_idle: ticks(limits.drain_idle),
            stalled: ticks(limits.stalled),
            response_head: ticks(limits.response_head.min(limits.stalled)),
        }
    }
}

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Order {
    /// Go on.
    Serve = 0,
    /// Finish what is open, take no more requests.
    Finish = 1,
    /// Stop at once.
    Stop = 2,
}

fn ticks(limit: Duration, tick: Duration) -> u32 {
    let ticks = limit.as_nanos().div_ceil(tick.as_nanos().max(1));
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// What one connection is doing.
pub(crate) struct Watch {
    registry: Arc<Registry>,
    socket: u64,
    /// Requests and tunnels.
    open: AtomicU32,
    /// Was there a request?
    begun: AtomicBool,
    /// Did a byte of the next request arrive?
    in_head: AtomicBool,
    /// HTTP/2: bytes do not mean a request.
    multiplexed: AtomicBool,
    /// When it became idle, or the head began.
    since: AtomicU32,
    last_io: AtomicU32,
    /// HTTP/1: is a backend to answer next?
    waits: AtomicBool,
    order: AtomicU8,
    stop_at: AtomicU32,
    waker: AtomicWaker,
    /// What it may take, where that is something else than what others may.
    own: OnceLock<Box<Own>>,
}

/// What one connection may take.
struct Own {
    limits: Ticks,
    /// When it takes no more requests.
    finish_at: u32,
    /// How many requests it takes still.
    left: AtomicU32,
    answers_late_heads: bool,
    has_late_head: AtomicBool,
}

impl Watch {
    /// Of a connection that was accepted on the socket `socket`.
    fn new(registry: &Arc<Registry>, socket: u64) -> Self {
        let now = registry.now.load(Relaxed);
        Self {
            registry: Arc::clone(registry),
            socket,
            open: AtomicU32::new(0),
            begun: AtomicBool::new(false),
            in_head: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            since: AtomicU32::new(now),
            last_io: AtomicU32::new(now),
            waits: AtomicBool::new(false),
            order: AtomicU8::new(Order::Serve as u8),
            stop_at: AtomicU32::new(u32::MAX),
            waker: AtomicWaker::new(),
            own: OnceLock::new(),
        }
    }

    /// Has it take what `limits` and `life` say.
    pub(super) fn hold_to(&self, limits: &Limits, life: Life) {
        let tick = self.registry.tick;
        let end = life
            .whole
            .map(|whole| self.now().saturating_add(ticks(whole, tick)));
        let _only_once = self.own.set(Box::new(Own {
            limits: Ticks::of(limits, tick),
            finish_at: end.unwrap_or(u32::MAX),
            left: AtomicU32::new(life.requests.map_or(u32::MAX, NonZeroU32::get)),
            answers_late_heads: life.answers_late_heads,
            has_late_head: AtomicBool::new(false),
        }));
    }

    /// Does the head of its next request take too long, and is that answered?
    pub(super) fn has_late_head(&self) -> bool {
        let own = self.own.get();
        own.is_some_and(|own| own.has_late_head.load(Relaxed) && self.in_head.load(Relaxed))
    }

    /// A request or tunnel begins; it ends with [`end`](Self::end).
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, Relaxed);
        self.begun.store(true, Relaxed);
        self.in_head.store(false, Relaxed);
        if let Some(own) = self.own.get()
            && own.left.fetch_sub(1, Relaxed) == 1
        {
            self.tell(Order::Finish);
        }
    }

    /// A request or tunnel is over.
    pub(crate) fn end(&self) {
        if self.open.fetch_sub(1, Relaxed) == 1 {
            self.since.store(self.now(), Relaxed);
        }
    }

    /// HTTP/2 is spoken.
    pub(super) fn set_multiplexed(&self) {
        self.multiplexed.store(true, Relaxed);
        self.in_head.store(false, Relaxed);
    }

    /// What the connection is told; the task of `cx` is woken when that changes.
    pub(crate) fn poll_order(&self, cx: &mut Context<'_>) -> Order {
        self.waker.register(cx.waker());
        self.order()
    }

    pub(crate) fn order(&self) -> Order {
        match self.order.load(Relaxed) {
            0 => Order::Serve,
            1 => Order::Finish,
            _ => Order::Stop,
        }
    }

    /// Between two requests, with nothing of the next one read?
    pub(super) fn is_between_requests(&self) -> bool {
        self.begun.load(Relaxed) && !self.in_head.load(Relaxed)
    }

    /// Tells it to finish before `stop_at`.
    fn finish_by(&self, stop_at: u32) {
        self.stop_at.fetch_min(stop_at, Relaxed);
        if self.tell(Order::Finish) && !self.is_busy() {
            self.since.store(self.now(), Relaxed);
        }
    }

    /// Whether that is new.
    fn tell(&self, order: Order) -> bool {
        let new = self.order.fetch_max(order as u8, Relaxed) < order as u8;
        if new {
            self.waker.wake();
        }
        new
    }

    /// Ends what takes too long; whether it was cut off, see [`cut`](Self::cut).
    fn judge(&self, now: u32, limits: &Ticks) -> bool {
        if now >= self.stop_at.load(Relaxed) {
            return self.cut();
        }
        let own = self.own.get();
        let limits = own.map_or(limits, |own| &own.limits);
        if own.is_some_and(|own| now >= own.finish_at) {
            self.finish_by(u32::MAX);
        }
        let in_head = self.in_head.load(Relaxed);
        let (since, limit) = if self.open.load(Relaxed) > 0 {
            (&self.last_io, limits.stalled)
        } else if in_head {
            (&self.since, limits.header_read)
        } else if self.order() == Order::Serve {
            (&self.since, limits.idle)
        } else {
            (&self.since, limits.drain_idle)
        };
        let waited = now.wrapping_sub(since.load(Relaxed));
        let waits = self.waits.load(Relaxed);
        // The client is told so before its connection closes.
        let answers = own.filter(|own| own.answers_late_heads && in_head && waited > limit);
        if let Some(own) = answers {
            own.has_late_head.store(true, Relaxed);
        }
        if answers.is_some() || waits && waited > limits.response_head {
            self.waker.wake();
        }
        if waited > limit.saturating_add((waits || answers.is_some()).into()) {
            self.tell(Order::Stop);
        }
        false
    }

    /// Ends it; whether that cut something short.
    fn cut(&self) -> bool {
        self.tell(Order::Stop) && self.is_busy()
    }

    /// Is a request or tunnel open, or begun?
    fn is_busy(&self) -> bool {
        self.open.load(Relaxed) > 0 || self.in_head.load(Relaxed)
    }

    /// It is a backend's turn, or was.
    pub(crate) fn wait(&self, waits: bool) {
        self.waits.store(waits, Relaxed);
    }

    /// Has a backend taken too long to answer, and done nothing meanwhile?
    pub(crate) fn is_late(&self) -> bool {
        let waited = self.now().wrapping_sub(self.last_io.load(Relaxed));
        let own = self.own.get().map(|own| &own.limits);
        waited > own.unwrap_or(&self.registry.limits).response_head
    }

    fn now(&self) -> u32 {
        self.registry.now.load(Relaxed)
    }

    /// Bytes came from the client.
    pub(crate) fn read_some(&self) {
        let now = self.now();
        self.last_io.store(now, Relaxed);
        let starts_head = self.open.load(Relaxed) == 0
            && !self.in_head.load(Relaxed)
            && !self.multiplexed.load(Relaxed);
        if starts_head {
            self.since.store(now, Relaxed);
            self.in_head.store(true, Relaxed);
        }
    }

    /// Bytes went to the client.
    pub(crate) fn wrote_some(&self) {
        self.last_io.store(self.now(), Relaxed);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.order())
    }
}
