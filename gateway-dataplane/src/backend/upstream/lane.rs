//! What one worker has open at one endpoint.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use gateway_resolve::ir::Preconnect;

use super::http2::{Http2, Reserved};
use super::load::{Entered, Load};
use super::multiplex::Making;
use crate::backend::BackendError;
use crate::codec::h1::{Connection, Home, Lease};

/// Connections of one worker to one endpoint. Its locks are not contended.
pub(super) struct Lane {
    open: AtomicUsize,
    /// Connections that are being made ahead.
    coming: AtomicUsize,
    idle: Mutex<Idle>,
    /// Multiplexed connections.
    http2: Mutex<Vec<Arc<Http2>>>,
    /// The multiplexed connection that is being made: a burst makes one at a time.
    making: Mutex<Option<Making>>,
    keep: Keep,
    load: Arc<Load>,
}

/// Room for a stream.
pub(super) enum Room {
    Now(Reserved),
    Soon(Making),
}

/// How long and how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) idle: Duration,
    pub(super) connections: usize,
    /// How many requests go over one.
    pub(super) requests: Option<NonZeroU32>,
}

/// Oldest first; taken from the back, so that what is not needed ages.
struct Idle {
    connections: VecDeque<Box<Connection>>,
    /// Is there a task that closes those that are too old?
    swept: bool,
}

impl Lane {
    pub(super) fn new(keep: Keep, load: Arc<Load>) -> Self {
        Self {
            open: AtomicUsize::new(0),
            coming: AtomicUsize::new(0),
            idle: Mutex::new(Idle {
                connections: VecDeque::new(),
                swept: false,
            }),
            http2: Mutex::new(Vec::new()),
            making: Mutex::new(None),
            keep,
            load,
        }
    }

    /// How many requests are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Are there connections for as many requests as `ratio` says, those that are open included?
    pub(super) fn is_enough(&self, ratio: Preconnect) -> bool {
        let open = self.open();
        let there = open + self.coming.load(Ordering::Relaxed) + self.idle().connections.len();
        there * 1_000 >= open * ratio.0.get() as usize
    }

    /// Counts a connection as being made ahead for as long as it is there.
    pub(super) fn coming(self: &Arc<Self>) -> Coming {
        self.coming.fetch_add(1, Ordering::Relaxed);
        Coming(Arc::clone(self))
    }

    /// The connection that was used last, if it is still good.
    pub(super) fn take(&self) -> Option<Box<Connection>> {
        let mut idle = self.idle();
        while let Some(mut connection) = idle.connections.pop_back() {
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    /// A multiplexed connection with room for a stream.
    pub(super) fn reserve(&self) -> Option<Reserved> {
        let mut connections = lock(&self.http2);
        connections.retain(|connection| !connection.is_closed());
        connections.iter().find_map(Http2::reserve)
    }

    /// A multiplexed connection with room for a stream, or the one that is being made; `make` starts to make
    /// one, which ends with [`made`](Self::made).
    pub(super) fn reserve_or_make(
        &self,
        make: impl FnOnce() -> Result<Making, BackendError>,
    ) -> Result<Room, BackendError> {
        let mut making = lock(&self.making);
        Ok(match (&*making, self.reserve()) {
            (_, Some(reserved)) => Room::Now(reserved),
            (Some(making), None) => Room::Soon(making.clone()),
            (None, None) => Room::Soon(making.insert(make()?).clone()),
        })
    }

    /// Closes the connection that has been idle for longest. False: there is none.
    pub(super) fn close_one(&self) -> bool {
        let oldest = self.idle().connections.pop_front();
        oldest.is_some() || lock(&self.http2).iter().any(|c| c.close_unused())
    }

    /// A multiplexed connection was made, or could not be.
    pub(super) fn made(&self, connection: Option<Arc<Http2>>) {
        lock(&self.http2).extend(connection);
        *lock(&self.making) = None;
    }

    /// Lends `connection` for an exchange, which counts as open meanwhile.
    pub(super) fn lend(
        self: &Arc<Self>,
        connection: Box<Connection>,
        entered: Entered<'_>,
    ) -> Lease {
        entered.keep();
        self.open.fetch_add(1, Ordering::Relaxed);
        Lease::new(connection, Arc::clone(self) as Arc<dyn Home>)
    }

    pub(super) fn put(self: &Arc<Self>, connection: Box<Connection>) {
        let is_spent = |most: NonZeroU32| connection.carried() >= most.get();
        if self.keep.requests.is_some_and(is_spent) {
            return;
        }
        let mut idle = self.idle();
        if idle.connections.len() >= self.keep.connections {
            return;
        }
        idle.connections.push_back(connection);
        self.load.free();
        if !idle.swept && tokio::runtime::Handle::try_current().is_ok() {
            idle.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.keep.idle));
        }
    }

    /// Closes what has been idle for too long. False: nothing is left.
    fn close_old(&self) -> bool {
        let mut idle = self.idle();
        let now = Instant::now();
        let is_old = |c: &Connection| now.duration_since(c.parked_at()) >= self.keep.idle;
        idle.connections.retain_mut(|c| !is_old(c) && c.is_usable());
        idle.swept = !idle.connections.is_empty();
        idle.swept
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        lock(&self.idle)
    }
}

impl Drop for Lane {
    /// The endpoint is no more: its connections end with their last streams.
    fn drop(&mut self) {
        for connection in lock(&self.http2).iter() {
            connection.close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes old connections until there are none.
async fn sweep(lane: Weak<Lane>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 2).await;
        if !lane.upgrade().is_some_and(|lane| lane.close_old()) {
            return;
        }
    }
}

impl Home for Lane {
    fn keep(self: Arc<Self>, connection: Box<Connection>) {
        self.put(connection);
    }

    fn ended(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.load.leave();
    }
}

/// A connection that is being made ahead.
pub(super) struct Coming(pub(super) Arc<Lane>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.coming.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts one request as open for as long as it lives.
pub(super) struct Open(Arc<Lane>);

impl Open {
    pub(super) fn at(lane: &Arc<Lane>, entered: Entered<'_>) -> Self {
        entered.keep();
        lane.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(lane))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended();
    }
}
