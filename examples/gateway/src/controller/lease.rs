//! Leader election: one replica writes statuses, the one that holds a Lease.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, Error};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How long a lease that is not renewed keeps others out.
const DURATION: Duration = Duration::from_secs(15);
/// How long the holder goes on without having renewed: less than others wait.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often the holder renews, and the others look; an attempt takes no longer.
const INTERVAL: Duration = Duration::from_secs(3);

/// Takes part in the election for a Lease.
pub(crate) struct Candidate {
    api: Api<Lease>,
    name: String,
    identity: String,
    leads: watch::Sender<bool>,
    renewed: Option<Instant>,
    /// The version of the lease that was seen last, and when it was first seen. Clocks of machines
    /// are not compared.
    seen: Option<(String, Instant)>,
}

impl Candidate {
    /// A candidate for the lease `[NAMESPACE/]NAME`, by default in the client's namespace.
    pub(crate) fn new(client: &Client, lease: &str) -> Self {
        let (namespace, name) = match lease.split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None => (client.default_namespace(), lease),
        };
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "gateway".to_owned());
        let started = Timestamp::now().as_nanosecond();
        Self {
            api: Api::namespaced(client.clone(), namespace),
            name: name.to_owned(),
            identity: format!("{host}_{}_{started:x}", std::process::id()),
            leads: watch::Sender::new(false),
            renewed: None,
            seen: None,
        }
    }

    /// Whether this process leads, now and from now on.
    pub(crate) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Runs for the lease, renews it, and gives it up once `stop` changes.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut rounds = interval(INTERVAL);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.changed() => break,
                _ = rounds.tick() => self.round().await,
            }
        }
        self.give_up().await;
    }

    async fn round(&mut self) {
        let failed = match timeout(INTERVAL, self.acquire()).await {
            Ok(Ok(leads)) => {
                self.renewed = leads.then(Instant::now);
                return self.announce(leads);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the API server does not answer".to_owned(),
        };
        tracing::warn!(
            lease = self.name,
            error = failed,
            "the lease was not renewed"
        );
        // Would the next attempt come too late?
        let late = |at: Instant| at.elapsed() + INTERVAL > DEADLINE;
        if self.renewed.is_none_or(late) {
            self.announce(false);
        }
    }

    fn announce(&self, leads: bool) {
        let changed = self
            .leads
            .send_if_modified(|now| std::mem::replace(now, leads) != leads);
        if changed {
            tracing::info!(lease = self.name, leads, "leader election");
        }
    }

    /// Takes or renews the lease; says whether this process has it now.
    async fn acquire(&mut self) -> Result<bool, Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let lease = self.held(Lease {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: None,
            });
            return or_lost(self.api.create(&PostParams::default(), &lease).await);
        };
        if !self.may_take(&lease) {
            return Ok(false);
        }
        lease = self.held(lease);
        or_lost(
            self.api
                .replace(&self.name, &PostParams::default(), &lease)
                .await,
        )
    }

    /// Is the lease this process's, nobody's, or not renewed for too long?
    fn may_take(&mut self, lease: &Lease) -> bool {
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref());
        let holder = holder.unwrap_or_default();
        if holder.is_empty() || holder == self.identity {
            return true;
        }
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        match &self.seen {
            Some((seen, since)) if *seen == version => since.elapsed() > DURATION,
            _ => {
                self.seen = Some((version, Instant::now()));
                false
            }
        }
    }

    /// The lease in the hands of this process.
    fn held(&self, mut lease: Lease) -> Lease {
        let now = MicroTime(Timestamp::now());
        let before = lease.spec.take().unwrap_or_default();
        let ours = before.holder_identity.as_deref() == Some(&self.identity);
        let transitions = before.lease_transitions.unwrap_or(0);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: before.acquire_time.filter(|_| ours).or(Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions + i32::from(!ours)),
            ..before
        });
        lease
    }

    /// Lets another replica have the lease at once.
    async fn give_up(&mut self) {
        let led = *self.leads.borrow();
        self.announce(false);
        if !led {
            return;
        }
        let released = async {
            let mut lease = self.api.get(&self.name).await?;
            if let Some(spec) = &mut lease.spec {
                spec.holder_identity = None;
            }
            self.api
                .replace(&self.name, &PostParams::default(), &lease)
                .await
        };
        if let Err(error) = released.await {
            tracing::debug!(%error, "the lease was not given up: it runs out");
        }
    }
}

/// Did the write win? Another that came first is no error.
fn or_lost(result: Result<Lease, Error>) -> Result<bool, Error> {
    match result {
        Ok(_) => Ok(true),
        Err(Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
