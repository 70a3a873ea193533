//! Retry budgets: how much of the traffic to a backend may be retries (GEP-3388).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use gateway_model::ObjectRef;
use gateway_resolve::ir::{Backend, RetryConstraint};

/// The budgets of all that is in use. The backends of one resource, such as those of two ports of a Service, have one
/// in common; it outlives a reload that leaves its bounds as they were.
#[derive(Debug, Default)]
pub(super) struct Budgets(Mutex<HashMap<ObjectRef, Weak<RetryBudget>>>);

impl Budgets {
    /// The budget of a backend, if it has one.
    pub(super) fn of(&self, backend: &Backend) -> Option<Arc<RetryBudget>> {
        let wanted = &backend.settings.retry_constraint.as_ref()?.value;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, budget| budget.strong_count() > 0);
        let own = known.get(&backend.id.object).and_then(Weak::upgrade);
        if let Some(own) = own.filter(|own| own.constraint == *wanted) {
            return Some(own);
        }
        let new = Arc::new(RetryBudget::new(wanted));
        known.insert(backend.id.object.clone(), Arc::downgrade(&new));
        Some(new)
    }
}

/// The requests and retries of a resource, over all its workers, as far back as its constraint asks.
#[derive(Debug)]
pub(super) struct RetryBudget {
    constraint: RetryConstraint,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    requests: Recent,
    retries: Recent,
    /// The retries of the time in which some are allowed at any rate.
    latest: Recent,
}

impl RetryBudget {
    fn new(constraint: &RetryConstraint) -> Self {
        let counted = Counted {
            requests: Recent::new(constraint.interval),
            retries: Recent::new(constraint.interval),
            latest: Recent::new(constraint.least_interval),
        };
        Self {
            constraint: constraint.clone(),
            counted: Mutex::new(counted),
        }
    }

    /// Counts a request, whether it is sent for the first time or again.
    pub(super) fn request(&self, now: Instant) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.requests.add(now);
    }

    /// Counts a retry, if it is within the budget.
    pub(super) fn retry(&self, now: Instant) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted {
            requests,
            retries,
            latest,
        } = &mut *counted;
        let least = u64::from(self.constraint.least.get());
        let share = requests.count(now) * u64::from(self.constraint.percent) / 100;
        let allowed = latest.count(now) < least || retries.count(now) < share;
        if allowed {
            retries.add(now);
            latest.add(now);
        }
        allowed
    }
}

/// How much came of late, to a twentieth of the time.
#[derive(Debug)]
struct Recent {
    step: Duration,
    span: Duration,
    /// When each step began, and what came in it.
    steps: VecDeque<(Instant, u64)>,
    sum: u64,
}

const STEPS: u32 = 20;

impl Recent {
    fn new(span: Duration) -> Self {
        Self {
            step: span / STEPS,
            span,
            steps: VecDeque::new(),
            sum: 0,
        }
    }

    fn add(&mut self, now: Instant) {
        match self.steps.back_mut() {
            Some((begin, count)) if now.saturating_duration_since(*begin) < self.step => {
                *count += 1;
            }
            _ => self.steps.push_back((now, 1)),
        }
        self.sum += 1;
    }

    fn count(&mut self, now: Instant) -> u64 {
        while let Some((begin, count)) = self.steps.front()
            && now.saturating_duration_since(*begin) >= self.span
        {
            self.sum -= count;
            self.steps.pop_front();
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use gateway_model::{Port, Source};
    use gateway_resolve::ir::{AppProtocol, BackendId, BackendSettings, Sourced};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(percent: u8, least: u32) -> RetryBudget {
        RetryBudget::new(&RetryConstraint {
            percent,
            interval: SECOND * 10,
            least: NonZeroU32::new(least).expect("not zero"),
            least_interval: SECOND,
        })
    }

    fn backend(port: i64, percent: u8) -> Backend {
        let object = ObjectRef::new("", "Service", "default", "a");
        let source = Source {
            object: object.clone(),
            generation: 1,
        };
        let constraint = budget(percent, 1).constraint;
        let constraint = Sourced::new(constraint, "spec.retryConstraint", source.clone());
        let mut settings = BackendSettings::default();
        settings.retry_constraint = Some(Box::new(constraint));
        Backend {
            id: BackendId::new(object, Port::new(port).expect("a port")),
            source,
            protocol: AppProtocol::Http,
            tls: None,
            settings,
            endpoints: vec![],
        }
    }

    /// XBackendTrafficPolicy `targetRefs`: what is targeted is a Service, not a port of it.
    #[test]
    fn the_ports_of_a_service_have_one_budget() {
        let budgets = Budgets::default();
        let first = budgets.of(&backend(80, 20)).expect("a budget");
        let second = budgets.of(&backend(81, 20)).expect("a budget");
        assert!(Arc::ptr_eq(&first, &second));
        let other = budgets.of(&backend(80, 30)).expect("a budget");
        assert!(!Arc::ptr_eq(&first, &other), "with other bounds");
    }

    fn retries(budget: &RetryBudget, now: Instant) -> usize {
        std::iter::repeat_with(|| budget.retry(now))
            .take_while(|allowed| *allowed)
            .count()
    }

    /// XBackendTrafficPolicy `retryConstraint`: of 1,000 requests in the interval, 200 may be retries where 20% may.
    #[test]
    fn a_share_of_the_requests_may_be_retries() {
        let (budget, now) = (budget(20, 1), Instant::now());
        (0..1_000).for_each(|_| budget.request(now));
        assert_eq!(retries(&budget, now), 200);
    }

    #[test]
    fn some_are_allowed_at_any_rate() {
        let (budget, now) = (budget(0, 3), Instant::now());
        assert_eq!(retries(&budget, now), 3);
        assert_eq!(retries(&budget, now + SECOND / 2), 0);
        assert_eq!(retries(&budget, now + SECOND), 3);
    }

    #[test]
    fn requests_count_for_the_interval() {
        let (budget, now) = (budget(10, 1), Instant::now());
        (0..100).for_each(|_| budget.request(now));
        assert_eq!(retries(&budget, now + SECOND * 9), 10);
        assert_eq!(retries(&budget, now + SECOND * 30), 1);
    }
}
