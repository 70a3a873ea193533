//! How many connections a listener takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gateway_resolve::ir::{ConnectionLimit, ListenerSettings, LocalRateLimit};

use crate::stage::Bucket;

/// How many connections there may be, and how many may come in a time. Counts go on over reloads.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    limit: Option<ConnectionLimit>,
    open: Arc<AtomicU32>,
    bucket: Option<Arc<Bucket>>,
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        let limit = |gate: &Self| gate.bucket.as_ref().map(|bucket| bucket.limit().clone());
        self.limit == other.limit && limit(self) == limit(other)
    }
}

/// The place of a connection that is open.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicU32>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection is not taken: it closes after this time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turned(pub(crate) Duration);

impl Gate {
    pub(super) fn new(settings: &ListenerSettings, before: Option<&Self>) -> Self {
        let limit = settings.connection_limit.as_ref();
        let rate = settings.connection_rate_limit.as_ref();
        Self {
            limit: limit.map(|set| set.value.clone()),
            open: before.map_or_else(Arc::default, |before| Arc::clone(&before.open)),
            bucket: rate.map(|set| bucket(&set.value, before)),
        }
    }

    /// Takes a connection in. `None`: nobody counts them.
    pub(crate) fn enter(&self, now: Instant) -> Result<Option<Seat>, Turned> {
        let seat = self
            .limit
            .as_ref()
            .map(|limit| self.sit(limit))
            .transpose()?;
        match self.bucket.as_ref().is_none_or(|bucket| bucket.take(now)) {
            true => Ok(seat),
            false => Err(Turned(Duration::ZERO)),
        }
    }

    fn sit(&self, limit: &ConnectionLimit) -> Result<Seat, Turned> {
        let seat = Seat(Arc::clone(&self.open));
        match self.open.fetch_add(1, Ordering::Relaxed) < limit.connections.get() {
            true => Ok(seat),
            false => Err(Turned(limit.delay)),
        }
    }
}

/// The bucket of before, if it is for the same limit.
fn bucket(limit: &LocalRateLimit, before: Option<&Gate>) -> Arc<Bucket> {
    let known = before.and_then(|before| before.bucket.as_ref());
    match known.filter(|bucket| bucket.limit() == limit) {
        Some(bucket) => Arc::clone(bucket),
        None => Arc::new(Bucket::new(limit.clone(), Instant::now())),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use gateway_model::{ObjectRef, Source};
    use gateway_resolve::ir::{ConnectionLimit, ListenerSettings, LocalRateLimit, Sourced};

    use super::{Gate, Turned};

    fn set<T>(value: T) -> Option<Box<Sourced<T>>> {
        let object = ObjectRef::new("", "Gateway", "default", "gateway");
        let source = Source {
            object,
            generation: 1,
        };
        Some(Box::new(Sourced::new(value, "spec", source)))
    }

    fn limited(connections: u32) -> ListenerSettings {
        let mut settings = ListenerSettings::default();
        settings.connection_limit = set(ConnectionLimit {
            connections: NonZeroU32::new(connections).unwrap(),
            delay: Duration::from_secs(1),
        });
        settings
    }

    #[test]
    fn places_are_given_back_and_counted_over_reloads() {
        let now = Instant::now();
        let gate = Gate::new(&limited(2), None);
        let (first, _second) = (gate.enter(now).unwrap(), gate.enter(now).unwrap());
        assert_eq!(gate.enter(now).unwrap_err(), Turned(Duration::from_secs(1)));
        let next = Gate::new(&limited(2), Some(&gate));
        assert!(next.enter(now).is_err());
        drop(first);
        assert!(next.enter(now).is_ok());
    }

    #[test]
    fn a_bucket_outlives_a_reload_that_says_the_same() {
        let mut settings = ListenerSettings::default();
        let one = NonZeroU32::MIN;
        settings.connection_rate_limit = set(LocalRateLimit {
            tokens: one,
            refill: one,
            interval: Duration::from_secs(3600),
        });
        let now = Instant::now();
        let gate = Gate::new(&settings, None);
        assert!(gate.enter(now).unwrap().is_none());
        assert!(Gate::new(&settings, Some(&gate)).enter(now).is_err());
        assert!(Gate::new(&settings, None).enter(now).is_ok());
    }
}
