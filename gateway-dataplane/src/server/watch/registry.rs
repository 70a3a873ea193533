//! The connections of a worker, each with its watch, and the sweep over them.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::Limits;

use super::{Ticks, Watch, ticks};

/// The connections of one worker.
pub(crate) struct Registry {
    pub(super) now: AtomicU32,
    pub(super) tick: Duration,
    pub(super) limits: Ticks,
    connections: Mutex<Places>,
    /// Connections that were ended with something open, since their time to finish was over.
    cut_off: AtomicUsize,
    changed: Notify,
}

impl Registry {
    pub(in crate::server) fn new(limits: &Limits) -> Arc<Self> {
        let tick = limits.tick();
        Arc::new(Self {
            now: AtomicU32::new(1),
            tick,
            limits: Ticks::of(limits, tick),
            connections: Mutex::default(),
            cut_off: AtomicUsize::new(0),
            changed: Notify::new(),
        })
    }

    /// Watches over a connection that was accepted on the socket `socket`.
    pub(in crate::server) fn watch(
        self: &Arc<Self>,
        socket: u64,
        permit: OwnedSemaphorePermit,
    ) -> Registration {
        let watch = Arc::new(Watch::new(self, socket));
        let mut connections = self.connections();
        let place = connections.put(Arc::clone(&watch));
        if connections.taken == 1 {
            self.changed.notify_waiters();
        }
        drop(connections);
        Registration {
            place,
            watch,
            _permit: permit,
        }
    }

    /// Advances the clock and ends what takes too long, for ever.
    pub(in crate::server) async fn sweep(&self) {
        loop {
            let changed = self.changed.notified();
            if self.connections().is_empty() {
                changed.await;
            }
            tokio::time::sleep(self.tick).await;
            let now = self.now.fetch_add(1, Relaxed).wrapping_add(1);
            let connections = self.connections();
            let cut_off = connections
                .iter()
                .filter(|watch| watch.judge(now, &self.limits))
                .count();
            drop(connections);
            self.count_cut_off(cut_off);
        }
    }

    /// Ends all connections at once.
    pub(in crate::server) fn cut(&self) {
        let cut_off = self.connections().iter().filter(|w| w.cut()).count();
        self.count_cut_off(cut_off);
    }

    /// How many connections were ended with something open, since their time to finish was over.
    pub(in crate::server) fn cut_off(&self) -> usize {
        self.cut_off.load(Relaxed)
    }

    fn count_cut_off(&self, count: usize) {
        if count > 0 {
            self.cut_off.fetch_add(count, Relaxed);
            tracing::warn!(
                connections = count,
                "requests were cut short: their time to finish is over"
            );
        }
    }

    /// Tells connections (those of one socket, or all) to finish within `limit`.
    pub(in crate::server) fn finish(&self, socket: Option<u64>, limit: Duration) {
        // The tick that is under way is no whole one.
        let stop_at = self
            .now
            .load(Relaxed)
            .saturating_add(ticks(limit, self.tick))
            .saturating_add(1);
        for watch in self.connections().iter() {
            if socket.is_none_or(|socket| socket == watch.socket) {
                watch.finish_by(stop_at);
            }
        }
    }

    /// Waits until there is no connection.
    pub(in crate::server) async fn emptied(&self) {
        loop {
            let changed = self.changed.notified();
            if self.connections().is_empty() {
                return;
            }
            changed.await;
        }
    }

    fn connections(&self) -> MutexGuard<'_, Places> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places that are kept without a connection.
const FEW: usize = 64;

/// The connections, each in a place of its own.
#[derive(Default)]
struct Places {
    list: Vec<Option<Arc<Watch>>>,
    free: Vec<u32>,
    taken: usize,
}

impl Places {
    fn put(&mut self, watch: Arc<Watch>) -> u32 {
        self.taken += 1;
        let Some(place) = self.free.pop() else {
            self.list.push(Some(watch));
            return (self.list.len() - 1) as u32;
        };
        self.list[place as usize] = Some(watch);
        place
    }

    fn leave(&mut self, place: u32) {
        self.list[place as usize] = None;
        self.taken -= 1;
        match self.taken {
            // What a burst needed is given back.
            0 if self.list.len() > FEW => *self = Self::default(),
            _ => self.free.push(place),
        }
    }

    fn is_empty(&self) -> bool {
        self.taken == 0
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<Watch>> {
        self.list.iter().flatten()
    }
}

/// Keeps a connection registered and counted.
pub(in crate::server) struct Registration {
    place: u32,
    watch: Arc<Watch>,
    _permit: OwnedSemaphorePermit,
}

impl Registration {
    pub(in crate::server) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let registry = &self.watch.registry;
        let mut connections = registry.connections();
        connections.leave(self.place);
        if connections.is_empty() {
            registry.changed.notify_waiters();
        }
    }
}
