//! Active health: endpoints are asked whether they are well.
//!
//! A backend has one task, on a thread that all backends share, which ends with it. What is known of an endpoint is
//! the endpoint's, and outlives reloads as that does.

mod grpc;
mod http;
mod probe;
mod tally;

pub(super) use tally::Tally;

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use gateway_resolve::ir::{HealthCheck, Pauses};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::probe::Found;
use super::connect::Connect;
use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use super::settings::Settings;
use super::way::Way;
use crate::forward::entropy::random;
use crate::limits::fixed;

/// The task of a backend, which ends with it.
#[derive(Default)]
pub(super) struct Checks {
    /// There may be other endpoints.
    pub(super) changed: Arc<Notify>,
    task: OnceLock<AbortHandle>,
}

impl Checks {
    pub(super) fn begun(&self, task: Option<AbortHandle>) {
        if let Some(task) = task {
            _ = self.task.set(task);
        }
    }

    pub(super) fn end(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the task of a backend needs.
pub(super) struct Watch<C> {
    pub(super) check: Arc<HealthCheck>,
    pub(super) way: Arc<Way<C>>,
    pub(super) settings: Settings,
    /// The endpoints that there are, as long as there is the backend.
    pub(super) endpoints: Box<dyn Fn() -> Option<Arc<Endpoints>> + Send + Sync>,
    /// There may be others.
    pub(super) changed: Arc<Notify>,
    /// Was there any request yet?
    pub(super) used: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Of all endpoints of all backends, so many are asked at once.
static TURNS: Semaphore = Semaphore::const_new(fixed::PROBES);

impl<C: Connect> Watch<C> {
    /// Asks the endpoints, each in its own time.
    pub(super) async fn run(self) {
        let watch = Arc::new(self);
        let mut asked: Vec<Weak<Endpoint>> = Vec::new();
        let mut asking = JoinSet::new();
        loop {
            let Some(endpoints) = (watch.endpoints)() else {
                return;
            };
            asked.retain(|endpoint| endpoint.strong_count() > 0);
            for endpoint in endpoints.iter() {
                let known = |known: &Weak<Endpoint>| known.as_ptr() == Arc::as_ptr(endpoint);
                if !asked.iter().any(known) {
                    asked.push(Arc::downgrade(endpoint));
                    let watch = Arc::clone(&watch);
                    asking.spawn(watch.ask_on(Arc::downgrade(endpoint)));
                }
            }
            drop(endpoints);
            watch.changed.notified().await;
            while asking.try_join_next().is_some() {}
        }
    }

    /// Asks an endpoint again and again, until there is no such one any more.
    async fn ask_on(self: Arc<Self>, endpoint: Weak<Endpoint>) {
        sleep(up_to(self.check.pauses.first)).await;
        while let Some(endpoint) = endpoint.upgrade() {
            let found = self.ask(&endpoint).await;
            let pause = self.take_in(&endpoint, &found);
            drop(endpoint);
            sleep(pause).await;
        }
    }

    async fn ask(&self, endpoint: &Endpoint) -> Found {
        let _turn = TURNS.acquire().await;
        let asking = probe::ask(&self.check.probe, &self.way, endpoint, &self.settings);
        let found = timeout(self.check.timeout, asking).await;
        found.unwrap_or_else(|_| Found::Ill(format!("no answer within {:?}", self.check.timeout)))
    }

    /// Takes in how an endpoint is; says how long it is left alone.
    fn take_in(&self, endpoint: &Endpoint, found: &Found) -> Duration {
        let address = endpoint;
        let (tally, check) = (&endpoint.health.tally, &self.check);
        let (well, changed) = match found {
            Found::Well => (true, tally.succeeded(check.healthy_after)),
            Found::Ill(_) => (false, tally.failed(check.unhealthy_after)),
            Found::Down(_) => (false, tally.failed(std::num::NonZeroU32::MIN)),
        };
        match found {
            Found::Well if changed => tracing::info!(%address, "an endpoint is well"),
            Found::Ill(why) | Found::Down(why) if changed => {
                tracing::warn!(%address, why, "an endpoint is not well");
            }
            Found::Ill(why) | Found::Down(why) => {
                tracing::debug!(%address, why, "a health check failed");
            }
            Found::Well => {}
        }
        pause(
            &check.pauses,
            (self.used)(),
            tally.is_in(),
            changed && well == tally.is_in(),
        )
    }
}

fn pause(pauses: &Pauses, used: bool, is_in: bool, changed: bool) -> Duration {
    let of_state = match (is_in, changed) {
        (true, false) => pauses.well,
        (false, false) => pauses.ill,
        (true, true) => pauses.recovered,
        (false, true) => pauses.fallen,
    };
    let pause = pauses.unused.filter(|_| !used).unwrap_or(of_state);
    pause + up_to(pauses.jitter) + up_to(pause * pauses.jitter_percent / 100)
}

/// A time that is chosen at random.
fn up_to(most: Duration) -> Duration {
    let part = (random() >> 11) as f64 / (1u64 << 53) as f64;
    most.mul_f64(part)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pauses, pause};

    /// Envoy, `no_traffic_interval`.
    #[test]
    fn until_there_is_a_request_endpoints_are_asked_as_often_as_is_said_for_that() {
        let seconds = Duration::from_secs;
        let pauses = Pauses {
            well: seconds(1),
            ill: seconds(2),
            recovered: seconds(3),
            fallen: seconds(4),
            first: Duration::ZERO,
            unused: Some(seconds(60)),
            jitter: Duration::ZERO,
            jitter_percent: 0,
        };
        assert_eq!(pause(&pauses, false, true, false), seconds(60));
        assert_eq!(pause(&pauses, false, false, true), seconds(60));
        assert_eq!(pause(&pauses, true, true, false), seconds(1));
        let unsaid = Pauses {
            unused: None,
            ..pauses
        };
        assert_eq!(pause(&unsaid, false, false, false), seconds(2));
    }
}
