//! Writes statuses: a few at a time, each object once at a time, again where it makes sense.

use std::time::Duration;

use gateway_model::{ObjectRef, Resource};
use gateway_resolve::StatusWrite;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::{Client, Error};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::queue::Queue;
use super::{kinds, watch};

/// How many writes are under way at most: enough to hide the latency, too few to be a burden.
const PARALLEL: usize = 16;

/// How long to wait after a failure: doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// Writes statuses.
pub(crate) struct Writer {
    client: Client,
    queue: Queue,
    tasks: JoinSet<Finished>,
    backoff: Duration,
    retry: Option<Instant>,
}

struct Finished {
    write: StatusWrite,
    result: Result<DynamicObject, Error>,
}

/// A resource as it is stored after a write.
pub(crate) struct Written {
    /// The resource.
    pub(crate) resource: Resource,
    /// The version that was written over.
    pub(crate) over: Option<String>,
}

impl Writer {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            queue: Queue::default(),
            tasks: JoinSet::new(),
            backoff: BACKOFF.0,
            retry: None,
        }
    }

    /// Carries out these writes in place of the ones that have not begun.
    pub(crate) fn plan(&mut self, writes: Vec<StatusWrite>) {
        self.queue.plan(writes);
        self.start();
    }

    /// Carries out these writes in place of those of the same objects, and the others as planned.
    pub(crate) fn replan(
        &mut self,
        writes: impl Iterator<Item = (ObjectRef, Option<StatusWrite>)>,
    ) {
        self.queue.replan(writes);
        self.start();
    }

    /// Waits for the next write to succeed. May be cancelled.
    pub(crate) async fn written(&mut self) -> Written {
        loop {
            let retry = self.retry;
            tokio::select! {
                Some(finished) = self.tasks.join_next() => {
                    let written = finished.ok().and_then(|finished| self.finish(finished));
                    self.start();
                    if let Some(written) = written {
                        return written;
                    }
                }
                () = sleep_until(retry.unwrap_or_else(Instant::now)), if retry.is_some() => {
                    self.retry = None;
                    self.start();
                }
                else => std::future::pending().await,
            }
        }
    }

    /// The writes that have succeeded meanwhile.
    pub(crate) fn finished(&mut self) -> Vec<Written> {
        let mut all = Vec::new();
        while let Some(finished) = self.tasks.try_join_next() {
            all.extend(finished.ok().and_then(|finished| self.finish(finished)));
        }
        self.start();
        all
    }

    fn start(&mut self) {
        while self.retry.is_none() && self.tasks.len() < PARALLEL {
            let Some(write) = self.queue.next() else {
                return;
            };
            self.tasks.spawn(put(self.client.clone(), write));
        }
    }

    fn finish(&mut self, finished: Finished) -> Option<Written> {
        let Finished { write, result } = finished;
        match result {
            Ok(stored) => {
                self.backoff = BACKOFF.0;
                self.queue.written(&write);
                let kind = kinds::find(&write.object.group, &write.object.kind)?;
                let resource = watch::decode(kind, stored).ok()?;
                let over = write.resource_version;
                Some(Written { resource, over })
            }
            Err(Error::Api(status)) if status.code == 409 || status.code == 404 => {
                tracing::debug!(object = %write.object, "changed meanwhile: the watch will tell");
                self.queue.outdated(&write);
                None
            }
            Err(error) => {
                tracing::warn!(object = %write.object, %error, "the status was not written");
                self.retry = Some(Instant::now() + self.backoff);
                self.backoff = (self.backoff * 2).min(BACKOFF.1);
                self.queue.failed(write);
                None
            }
        }
    }
}

/// Replaces a status, if the object is still the one that was looked at.
async fn put(client: Client, write: StatusWrite) -> Finished {
    let result = replace(client, &write).await;
    Finished { write, result }
}

async fn replace(client: Client, write: &StatusWrite) -> Result<DynamicObject, Error> {
    let (group, kind, name) = (
        &*write.object.group,
        &*write.object.kind,
        &*write.object.name,
    );
    let resource = ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        api_version: format!("{group}/v1"),
        kind: kind.to_owned(),
        plural: kinds::find(group, kind).map_or("", |k| k.plural).to_owned(),
    };
    let mut object = DynamicObject::new(name, &resource).data(serde_json::json!({
        "status": write.status,
    }));
    object
        .metadata
        .resource_version
        .clone_from(&write.resource_version);
    let api: Api<DynamicObject> = match &*write.object.namespace {
        "" => Api::all_with(client, &resource),
        namespace => {
            object.metadata.namespace = Some(namespace.to_owned());
            Api::namespaced_with(client, namespace, &resource)
        }
    };
    api.replace_status(name, &PostParams::default(), &object)
        .await
}
