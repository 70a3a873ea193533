//! Rate limits that this gateway keeps by itself: a bucket of tokens for each setting, whatever the worker, which outlives
//! reloads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use gateway_resolve::ir::{self, LocalRateLimit};
use http::StatusCode;

use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::observe::Reason;

/// The buckets that there are, under what they belong to. They go with the last rule that takes from them.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<HashMap<String, Weak<Bucket>>>);

impl Buckets {
    /// The bucket for `limit` under this key: the one that is there, unless it is for another limit.
    pub(super) fn get(&self, key: String, limit: &LocalRateLimit) -> Arc<Bucket> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|_, bucket| bucket.strong_count() > 0);
        let known = buckets.get(&key).and_then(Weak::upgrade);
        if let Some(bucket) = known.filter(|bucket| bucket.limit == *limit) {
            return bucket;
        }
        let bucket = Arc::new(Bucket::new(limit.clone(), Instant::now()));
        buckets.insert(key, Arc::downgrade(&bucket));
        bucket
    }
}

/// Tokens for requests.
#[derive(Debug)]
pub(crate) struct Bucket {
    limit: ir::LocalRateLimit,
    since: Instant,
    /// The interval that was filled up for last, and the tokens that are left.
    state: AtomicU64,
}

impl Bucket {
    pub(crate) fn new(limit: LocalRateLimit, since: Instant) -> Self {
        let state = AtomicU64::new(u64::from(limit.tokens.get()));
        Self {
            limit,
            since,
            state,
        }
    }

    /// What it is for.
    pub(crate) fn limit(&self) -> &LocalRateLimit {
        &self.limit
    }

    /// Takes a token; false: there is none.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let interval = self.limit.interval.as_nanos().max(1);
        let elapsed = now.saturating_duration_since(self.since).as_nanos();
        let interval = u32::try_from(elapsed / interval).unwrap_or(u32::MAX);
        let taken = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
                let (filled, left) = ((state >> 32) as u32, state as u32);
                let come = interval
                    .saturating_sub(filled)
                    .saturating_mul(self.limit.refill.get());
                let left = left.saturating_add(come).min(self.limit.tokens.get());
                let filled = interval.max(filled);
                Some(u64::from(filled) << 32 | u64::from(left.checked_sub(1)?))
            });
        taken.is_ok()
    }
}

/// The stage of an [`ir::LocalRateLimit`].
pub(super) struct RateLimit(pub(super) Arc<Bucket>);

impl RateLimit {
    fn check(&self) -> Result<(), Refusal> {
        match self.0.take(Instant::now()) {
            true => Ok(()),
            false => Err(super::answer(
                StatusCode::TOO_MANY_REQUESTS,
                "local_rate_limited",
                Reason::RateLimited,
            )),
        }
    }
}

impl Admit for RateLimit {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        Box::pin(std::future::ready(self.check()))
    }

    fn admit_now(&self, _request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        Some(self.check())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{Bucket, Buckets, LocalRateLimit};

    const SECOND: Duration = Duration::from_secs(1);

    fn limit(tokens: u32, refill: u32) -> LocalRateLimit {
        LocalRateLimit {
            tokens: NonZeroU32::new(tokens).unwrap(),
            refill: NonZeroU32::new(refill).unwrap(),
            interval: SECOND,
        }
    }

    /// How many of ten requests at `now` get a token.
    fn taken(bucket: &Bucket, now: Instant) -> usize {
        (0..10).filter(|_| bucket.take(now)).count()
    }

    #[test]
    fn a_bucket_is_full_at_first_and_is_filled_up_after_each_interval() {
        let start = Instant::now();
        let bucket = Bucket::new(limit(3, 2), start);
        assert_eq!(taken(&bucket, start), 3);
        assert_eq!(taken(&bucket, start + SECOND / 2), 0);
        assert_eq!(taken(&bucket, start + SECOND), 2);
        assert_eq!(taken(&bucket, start + SECOND * 3 / 2), 0);
        assert_eq!(taken(&bucket, start + SECOND * 100), 3);
    }

    #[test]
    fn a_clock_that_is_read_late_fills_nothing_twice() {
        let start = Instant::now();
        let bucket = Bucket::new(limit(1, 1), start);
        assert_eq!(taken(&bucket, start + SECOND * 2), 1);
        assert_eq!(taken(&bucket, start + SECOND), 0);
        assert_eq!(taken(&bucket, start + SECOND * 2), 0);
    }

    #[test]
    fn a_bucket_stays_as_long_as_it_is_for_the_same() {
        let buckets = Buckets::default();
        let first = buckets.get("a".to_owned(), &limit(1, 1));
        assert!(Arc::ptr_eq(
            &first,
            &buckets.get("a".to_owned(), &limit(1, 1))
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &buckets.get("b".to_owned(), &limit(1, 1))
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &buckets.get("a".to_owned(), &limit(2, 1))
        ));
    }
}
