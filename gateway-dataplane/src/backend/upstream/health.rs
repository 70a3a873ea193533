//! Health: an endpoint that keeps failing is left alone for a while, and so is one that checks find ill.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gateway_resolve::ir::{Ejection, InARow, Silence};
use http::StatusCode;

use super::checks::Tally;

/// The health of one endpoint, shared by all workers; written to when something fails, and with each answer where
/// success rates are compared.
#[derive(Debug)]
pub(super) struct Health {
    server_errors: AtomicU32,
    gateway_errors: AtomicU32,
    failures: AtomicU32,
    /// How requests ended: in answers, and in being answered at all.
    pub(super) answers: Rate,
    pub(super) contacts: Rate,
    /// Milliseconds after `epoch` at which it is back; 0: it is not out.
    back_at: AtomicU64,
    /// How often it was taken out, less once for each interval since.
    times: AtomicU32,
    epoch: Instant,
    /// What checks have found.
    pub(super) tally: Tally,
}

/// What an endpoint is taken out for, and how often that is acted upon, of 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: &'static str,
    pub(super) enforced_percent: u8,
}

impl Health {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            server_errors: AtomicU32::new(0),
            gateway_errors: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            answers: Rate::default(),
            contacts: Rate::default(),
            back_at: AtomicU64::new(0),
            times: AtomicU32::new(0),
            epoch: now,
            tally: Tally::new(),
        }
    }

    /// May it be asked?
    pub(super) fn is_in(&self, now: impl FnOnce() -> Instant) -> bool {
        self.is_back(now) && self.tally.is_in()
    }

    /// Is it not left alone because of how it answered?
    pub(super) fn is_back(&self, now: impl FnOnce() -> Instant) -> bool {
        match self.back_at.load(Relaxed) {
            0 => true,
            back_at => self.millis(now()) >= back_at,
        }
    }

    /// It answered, which ends a row of failures.
    pub(super) fn succeeded(&self, probation: bool) {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
            if probation {
                self.back_at.store(0, Relaxed);
            }
        }
    }

    /// It answered with this status: is that one too many?
    pub(super) fn answered(&self, status: StatusCode, asked: &Ejection) -> Option<Fault> {
        let is_error = status.is_server_error();
        if asked.success_rate.is_some() {
            self.answers.count(!is_error);
        }
        let is_gateway_error = matches!(status.as_u16(), 502..=504);
        let by_gateway = row(&self.gateway_errors, is_gateway_error, asked.gateway_errors).map(
            |enforced_percent| Fault {
                what: "it answers 502, 503 or 504",
                enforced_percent,
            },
        );
        let by_server =
            row(&self.server_errors, is_error, asked.server_errors).map(|enforced_percent| Fault {
                what: "it answers 5xx",
                enforced_percent,
            });
        by_server.or(by_gateway)
    }

    /// It did not answer: is that once too often?
    pub(super) fn failed(&self, asked: &Ejection, probation: bool) -> Option<Fault> {
        let Silence::Apart {
            failures,
            success_rate,
        } = asked.silence
        else {
            return self.answered(StatusCode::SERVICE_UNAVAILABLE, asked);
        };
        if success_rate.is_some() {
            self.contacts.count(false);
        }
        let fault = |enforced_percent| Fault {
            what: "it does not answer",
            enforced_percent,
        };
        if probation {
            let row = self.failures.fetch_add(1, Relaxed).saturating_add(1);
            let long = failures.filter(|failures| row >= failures.count.get());
            return long.map(|failures| fault(failures.enforced_percent));
        }
        row(&self.failures, true, failures).map(fault)
    }

    /// Takes it out of rotation, for longer each time. How long that is.
    pub(super) fn take_out(&self, asked: &Ejection, now: Instant) -> Duration {
        let back_at = Duration::from_millis(self.back_at.load(Relaxed));
        let since = now.saturating_duration_since(self.epoch + back_at);
        let quiet = since.as_millis() / asked.interval.as_millis().max(1);
        let before = self.times.load(Relaxed);
        let times = before.saturating_sub(u32::try_from(quiet).unwrap_or(u32::MAX)) + 1;
        self.times.store(times, Relaxed);
        let period = asked.period.saturating_mul(times).min(asked.longest);
        let back_at = self.millis(now + period).max(1);
        self.back_at.store(back_at, Relaxed);
        period
    }

    fn millis(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.epoch).as_millis() as u64
    }
}

/// Counts one more of a row, or ends it. `Some`: the row is as long as it may be, and begins anew.
fn row(row: &AtomicU32, is_one: bool, asked: Option<InARow>) -> Option<u8> {
    let asked = asked?;
    if !is_one {
        if row.load(Relaxed) != 0 {
            row.store(0, Relaxed);
        }
        return None;
    }
    let length = row.fetch_add(1, Relaxed).saturating_add(1);
    if length < asked.count.get() {
        return None;
    }
    row.store(0, Relaxed);
    Some(asked.enforced_percent)
}

/// Requests of an interval, and how many of them went well.
#[derive(Debug, Default)]
pub(super) struct Rate {
    all: AtomicU32,
    good: AtomicU32,
}

impl Rate {
    pub(super) fn count(&self, good: bool) {
        self.all.fetch_add(1, Relaxed);
        self.good.fetch_add(good.into(), Relaxed);
    }

    /// The share that went well of those since the last time, if they were enough.
    pub(super) fn take(&self, enough: u32) -> Option<f64> {
        let (all, good) = (self.all.swap(0, Relaxed), self.good.swap(0, Relaxed));
        (all >= enough.max(1)).then(|| f64::from(good.min(all)) / f64::from(all))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use gateway_resolve::ir::{Ejection, InARow};
    use http::StatusCode;

    use super::Health;

    const PERIOD: Duration = Duration::from_secs(10);

    fn ejection() -> Ejection {
        let two = NonZeroU32::new(2).unwrap();
        Ejection {
            server_errors: Some(InARow::always(two)),
            longest: PERIOD * 3,
            ..Ejection::of_silent(two, PERIOD)
        }
    }

    /// Envoy, "Ejection algorithm": the time is that of the first ejection by how often there was one.
    #[test]
    fn each_ejection_lasts_longer_up_to_the_longest() {
        let mut now = Instant::now();
        let health = Health::new(now);
        for times in [1, 2, 3, 3] {
            assert_eq!(health.take_out(&ejection(), now), PERIOD * times);
            assert!(!health.is_in(|| now + PERIOD * times - Duration::from_secs(1)));
            now += PERIOD * times;
            assert!(health.is_in(|| now));
        }
    }

    /// The same: for each interval without an ejection the next one is shorter again.
    #[test]
    fn time_without_an_ejection_counts_for_an_endpoint() {
        let start = Instant::now();
        let health = Health::new(start);
        health.take_out(&ejection(), start);
        health.take_out(&ejection(), start + PERIOD);
        let later = start + PERIOD * 3 + PERIOD * 2;
        assert_eq!(health.take_out(&ejection(), later), PERIOD);
    }

    #[test]
    fn a_good_answer_ends_a_row_of_errors() {
        let health = Health::new(Instant::now());
        let asked = ejection();
        let answered = |status| health.answered(status, &asked).is_some();
        assert!(!answered(StatusCode::INTERNAL_SERVER_ERROR));
        assert!(!answered(StatusCode::NOT_FOUND));
        assert!(!answered(StatusCode::BAD_GATEWAY));
        assert!(answered(StatusCode::NOT_IMPLEMENTED));
        assert!(!answered(StatusCode::INTERNAL_SERVER_ERROR), "a new row");
    }

    /// Where nothing is asked for, an endpoint is out after failures in a row, and one more puts it out again.
    #[test]
    fn an_endpoint_on_probation_is_out_again_by_one_failure() {
        let start = Instant::now();
        let health = Health::new(start);
        let failed = || health.failed(&ejection(), true).is_some();
        assert!(!failed());
        assert!(failed() && failed());
        health.take_out(&ejection(), start);
        health.succeeded(true);
        assert!(health.is_in(|| start));
        assert!(!failed());
    }
}
