//! Outliers: endpoints that answer worse than they should, or worse than the others do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gateway_resolve::ir::{Silence, SuccessRate};
use http::StatusCode;

use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use super::health::{Fault, Health, Rate};
use super::settings::Settings;
use crate::backend::BackendError;
use crate::forward::entropy;

/// What is decided about endpoints together.
#[derive(Debug)]
pub(super) struct Outliers {
    /// Who takes an endpoint out: each sees those that others have taken out before.
    deciding: Mutex<()>,
    since: Instant,
    /// When success rates were compared last, in milliseconds after `since`.
    compared: AtomicU64,
}

impl Outliers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            deciding: Mutex::new(()),
            since: now,
            compared: AtomicU64::new(0),
        }
    }

    /// Is it time to compare success rates? Says so once an interval.
    fn is_time(&self, interval: Duration, now: Instant) -> bool {
        let last = self.compared.load(Relaxed);
        let millis = now.saturating_duration_since(self.since).as_millis() as u64;
        let due = millis.saturating_sub(last) >= interval.as_millis() as u64;
        due && self
            .compared
            .compare_exchange(last, millis, Relaxed, Relaxed)
            .is_ok()
    }
}

impl Endpoints {
    /// One answered with this status.
    pub(super) fn answered(&self, index: usize, settings: &Settings, status: StatusCode) {
        let endpoint = &self[index];
        endpoint.health.succeeded(settings.probation);
        if settings.probation {
            return;
        }
        let asked = &settings.ejection;
        if let Silence::Apart {
            success_rate: Some(_),
            ..
        } = asked.silence
        {
            endpoint.health.contacts.count(true);
        }
        if let Some(fault) = endpoint.health.answered(status, asked) {
            self.take_out(endpoint, settings, fault, Instant::now());
        }
        self.compare_if_time(settings);
    }

    /// One did not.
    pub(super) fn failed(&self, index: usize, settings: &Settings, error: &BackendError) {
        let endpoint = &self[index];
        if !endpoint.is_at_fault(error) {
            return;
        }
        let health = &endpoint.health;
        if let Some(fault) = health.failed(&settings.ejection, settings.probation) {
            self.take_out(endpoint, settings, fault, Instant::now());
        }
        self.compare_if_time(settings);
    }

    /// Takes an endpoint out of rotation, unless it is or too many are.
    fn take_out(&self, endpoint: &Endpoint, settings: &Settings, fault: Fault, now: Instant) {
        if entropy::random() % 100 >= fault.enforced_percent.into() {
            return;
        }
        let asked = &settings.ejection;
        let _deciding = self.outliers.deciding.lock();
        if !endpoint.health.is_back(|| now) {
            return;
        }
        let out = self
            .iter()
            .filter(|other| !other.health.is_back(|| now))
            .count()
            + 1;
        let address = endpoint;
        if out * 100 > self.len() * usize::from(asked.most_percent) {
            tracing::debug!(%address, fault.what, "an endpoint would be left alone, but too many are");
            return;
        }
        let period = endpoint.health.take_out(asked, now);
        tracing::warn!(%address, ?period, "an endpoint is left alone for a while: {}", fault.what);
    }

    fn compare_if_time(&self, settings: &Settings) {
        let asked = &settings.ejection;
        let apart = match asked.silence {
            Silence::Apart { success_rate, .. } => success_rate,
            Silence::GatewayError => None,
        };
        if asked.success_rate.is_none() && apart.is_none() {
            return;
        }
        if !self.outliers.is_time(asked.interval, Instant::now()) {
            return;
        }
        let errs = "its answers are errors more often than those of others";
        self.compare(settings, asked.success_rate, |health| &health.answers, errs);
        let fails = "it fails to answer more often than others";
        self.compare(settings, apart, |health| &health.contacts, fails);
    }

    fn compare(
        &self,
        settings: &Settings,
        asked: Option<SuccessRate>,
        rate: fn(&Health) -> &Rate,
        what: &'static str,
    ) {
        let Some(asked) = asked else { return };
        let enforced_percent = asked.enforced_percent;
        for index in self.below(asked, rate) {
            let fault = Fault {
                what,
                enforced_percent,
            };
            self.take_out(&self[index], settings, fault, Instant::now());
        }
    }

    /// Those whose rates are too low.
    fn below(&self, asked: SuccessRate, rate: fn(&Health) -> &Rate) -> Vec<usize> {
        let rates = self
            .iter()
            .map(|endpoint| rate(&endpoint.health).take(asked.requests));
        let rates: Vec<_> = rates
            .enumerate()
            .filter_map(|(index, rate)| Some((index, rate?)))
            .collect();
        if rates.is_empty() || rates.len() < asked.endpoints as usize {
            return Vec::new();
        }
        let least = least(rates.iter().map(|(_, rate)| *rate), asked.deviations);
        rates
            .into_iter()
            .filter(|(_, rate)| *rate < least)
            .map(|(index, _)| index)
            .collect()
    }
}

/// What a rate has to be at least: the mean less so many thousandths of the standard deviation.
fn least(rates: impl Iterator<Item = f64> + Clone, deviations: u32) -> f64 {
    let count = rates.clone().count() as f64;
    let mean = rates.clone().sum::<f64>() / count;
    let variance = rates.map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
    mean - variance.sqrt() * f64::from(deviations) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::least;

    /// Envoy, "Outlier detection", success rate.
    #[test]
    fn a_rate_is_too_low_below_the_mean_less_deviations() {
        let rates = [1.0, 1.0, 1.0, 1.0, 0.5];
        let limit = least(rates.into_iter(), 1_900);
        assert!((limit - (0.9 - 0.2 * 1.9)).abs() < 1e-9, "{limit}");
        assert!(rates[4] < limit && rates[0] >= limit);
        assert!((least([0.7; 5].into_iter(), 1_900) - 0.7).abs() < 1e-9);
    }
}
