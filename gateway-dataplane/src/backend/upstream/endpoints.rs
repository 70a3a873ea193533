//! The endpoints of a backend, with what is worked out ahead for all of them.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_resolve::ir::{self, EndpointAddress, SlowStart};

use super::endpoint::Endpoint;
use super::outliers::Outliers;
use super::pick::{Candidates, Pick};
use super::settings::Settings;

/// Endpoints that answer alike.
#[derive(Clone)]
pub(crate) struct Endpoints {
    all: Vec<Arc<Endpoint>>,
    /// Chooses among these, with what it has worked out.
    pick: Option<Arc<dyn Pick>>,
    /// Are they told apart by their names where a hash chooses one?
    named: bool,
    /// Have all the same weight?
    even: bool,
    /// How those that are new get their share, and when none is new any more.
    starting: Option<(SlowStart, Instant)>,
    pub(super) outliers: Arc<Outliers>,
}

impl Endpoints {
    pub(super) fn new(
        all: Vec<Arc<Endpoint>>,
        pick: &dyn Pick,
        settings: &Settings,
        now: Instant,
    ) -> Self {
        let slow_start = settings.slow_start;
        let mut weights = all.iter().map(|endpoint| endpoint.spec().weight);
        let first = weights.next();
        let even = weights.all(|weight| Some(weight) == first);
        let last = all.iter().map(|endpoint| endpoint.since).max();
        let mut endpoints = Self {
            starting: slow_start
                .zip(last)
                .map(|(slow, last)| (slow, last + slow.window)),
            all,
            pick: None,
            named: settings.hashes_names,
            even,
            outliers: Arc::new(Outliers::new(now)),
        };
        if !endpoints.is_empty() {
            endpoints.pick = pick.over(&All::of(&endpoints, 0));
        }
        endpoints
    }

    /// What chooses among these, if anything was worked out for them.
    pub(super) fn pick(&self) -> Option<&dyn Pick> {
        self.pick.as_deref()
    }
}

impl Deref for Endpoints {
    type Target = [Arc<Endpoint>];

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

/// All of them, as one worker sees them.
pub(super) struct All<'a> {
    endpoints: &'a Endpoints,
    worker: usize,
    /// What time it is, while some are new.
    starting: Option<(SlowStart, Instant)>,
}

impl<'a> All<'a> {
    pub(super) fn of(endpoints: &'a Endpoints, worker: usize) -> Self {
        let starting = endpoints.starting.and_then(|(slow, over)| {
            let now = Instant::now();
            (now < over).then_some((slow, now))
        });
        Self {
            endpoints,
            worker,
            starting,
        }
    }
}

impl Candidates for All<'_> {
    fn len(&self) -> usize {
        self.endpoints.len()
    }

    fn endpoint(&self, index: usize) -> &ir::Endpoint {
        self.endpoints[index].spec()
    }

    fn address(&self, index: usize) -> SocketAddr {
        self.endpoints[index].address()
    }

    fn name(&self, index: usize) -> Option<&str> {
        match &self.endpoints[index].spec().address {
            EndpointAddress::Name { host, .. } if self.endpoints.named => Some(host.as_str()),
            EndpointAddress::Ip(_) | EndpointAddress::Name { .. } | EndpointAddress::Path(_) => {
                None
            }
        }
    }

    fn open(&self, index: usize) -> usize {
        self.endpoints[index].lane(self.worker).open()
    }

    fn share(&self, index: usize) -> u64 {
        let endpoint = &self.endpoints[index];
        let weight = endpoint
            .spec()
            .weight
            .map_or(1, |weight| weight.get().into());
        match self.starting {
            None => weight,
            Some((slow, now)) => {
                let age = now.saturating_duration_since(endpoint.since);
                (weight * u64::from(thousandths(slow, age))).max(1)
            }
        }
    }

    fn is_even(&self) -> bool {
        self.starting.is_none() && self.endpoints.even
    }
}

/// The part of its share that an endpoint of that age gets.
fn thousandths(slow: SlowStart, age: Duration) -> u32 {
    let passed = (age.as_secs_f64() / slow.window.as_secs_f64()).min(1.0);
    let part = passed.powf(1_000.0 / f64::from(slow.aggression.get()));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1000"
    )]
    let part = (part * 1_000.0) as u32;
    part.max(u32::from(slow.least_percent) * 10)
}

/// Some of them, by their indices, which ascend.
pub(super) struct Few<'a>(pub(super) All<'a>, pub(super) &'a [usize]);

impl Candidates for Few<'_> {
    fn len(&self) -> usize {
        self.1.len()
    }

    fn endpoint(&self, index: usize) -> &ir::Endpoint {
        self.0.endpoint(self.1[index])
    }

    fn address(&self, index: usize) -> SocketAddr {
        self.0.address(self.1[index])
    }

    fn name(&self, index: usize) -> Option<&str> {
        self.0.name(self.1[index])
    }

    fn open(&self, index: usize) -> usize {
        self.0.open(self.1[index])
    }

    fn find(&self, whole: usize) -> Option<usize> {
        self.1.binary_search(&whole).ok()
    }

    fn share(&self, index: usize) -> u64 {
        self.0.share(self.1[index])
    }

    fn is_even(&self) -> bool {
        self.0.is_even()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn share(aggression: u32, seconds: u64) -> u32 {
        let slow = SlowStart {
            window: Duration::from_secs(10),
            aggression: NonZeroU32::new(aggression).unwrap(),
            least_percent: 20,
        };
        thousandths(slow, Duration::from_secs(seconds))
    }

    /// Envoy, "Slow start mode".
    #[test]
    fn a_share_grows_with_time() {
        assert_eq!(
            [0, 1, 5, 10, 99].map(|s| share(1_000, s)),
            [200, 200, 500, 1_000, 1_000]
        );
        assert!(share(2_000, 5) > 700 && share(500, 5) < 300);
    }
}
