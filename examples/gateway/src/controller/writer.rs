//! Writes to objects: a few at a time, each object once at a time, again where it makes sense, and only
//! while this process leads.

use std::time::Duration;

use gateway_model::{ObjectRef, Resource};
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde_json::json;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::plan::stored_as;
use super::queue::Queue;
use super::write::{Content, Write};
use super::{kinds, watch};

/// How many writes are under way at most: enough to hide the latency, too few to be a burden.
const PARALLEL: usize = 16;

/// In whose name objects are applied.
const MANAGER: &str = "gateway-controller";

/// How long a write may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Writes to objects.
pub(crate) struct Writer {
    client: Client,
    leads: Receiver<bool>,
    queue: Queue,
    tasks: JoinSet<Finished>,
    /// When a write that waits may begin.
    wake: Option<Instant>,
}

struct Finished {
    write: Write,
    result: Result<DynamicObject, Failure>,
}

/// Why nothing was written.
enum Failure {
    /// The object is another by now, or gone.
    Outdated,
    /// What the API server said, if anything.
    Refused(String),
}

/// A resource as it is stored after a write.
pub(crate) struct Written {
    /// The resource.
    pub(crate) resource: Resource,
    /// The version that was written over.
    pub(crate) over: Option<String>,
}

impl Writer {
    /// A writer that writes only while it `leads`.
    pub(crate) fn new(client: Client, leads: Receiver<bool>) -> Self {
        Self {
            client,
            leads,
            queue: Queue::default(),
            tasks: JoinSet::new(),
            wake: None,
        }
    }

    /// Carries out these writes in place of the ones that have not begun.
    pub(crate) fn plan(&mut self, writes: Vec<Write>, exists: impl Fn(&ObjectRef) -> bool) {
        self.queue.plan(writes, exists);
        self.start();
    }

    /// Carries out these writes in place of those of the same objects, and the others as planned. An object without
    /// is gone.
    pub(crate) fn replan(&mut self, writes: impl Iterator<Item = (ObjectRef, Option<Vec<Write>>)>) {
        for (object, writes) in writes {
            match writes {
                Some(writes) => self.queue.replan(&object, writes),
                None => self.queue.gone(&object),
            }
        }
        self.start();
    }

    /// The API server takes other things from now on: what it did not take before, it may take now.
    pub(crate) fn forget(&mut self) {
        self.queue.forget();
    }

    /// Waits for the next write to succeed. May be cancelled.
    pub(crate) async fn written(&mut self) -> Written {
        loop {
            let wake = self.wake;
            tokio::select! {
                Some(finished) = self.tasks.join_next() => {
                    let written = finished.ok().and_then(|finished| self.finish(finished));
                    self.start();
                    if let Some(written) = written {
                        return written;
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
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

    /// Starts what can be started. Who leads may have changed while something else took its time.
    fn start(&mut self) {
        self.wake = None;
        if !*self.leads.borrow() {
            return;
        }
        let now = Instant::now();
        while self.tasks.len() < PARALLEL {
            let Some(write) = self.queue.next(now) else {
                self.wake = self.queue.wake(now);
                return;
            };
            self.tasks.spawn(carry_out(self.client.clone(), write));
        }
    }

    fn finish(&mut self, finished: Finished) -> Option<Written> {
        let Finished { write, result } = finished;
        let object = &write.key.object;
        match result {
            Ok(stored) => {
                let kind = kinds::find(&object.group, &object.kind)?;
                let resource = watch::decode(kind, stored).ok();
                let left = resource.as_ref().map(|r| stored_as(r, write.key.part));
                let left = left.unwrap_or(write.stored);
                if let Some(times) = self.queue.written(&write, left, Instant::now()) {
                    tracing::warn!(%object, times, "another writer undoes what is written; do two \
                        controllers have the same controller name?");
                }
                let over = write.version;
                Some(Written {
                    resource: resource?,
                    over,
                })
            }
            Err(Failure::Outdated) => {
                tracing::debug!(%object, "changed meanwhile: the watch will tell");
                self.queue.outdated(&write);
                None
            }
            Err(Failure::Refused(error)) => {
                tracing::warn!(%object, error, "not written");
                self.queue.failed(write, Instant::now());
                None
            }
        }
    }
}

/// Writes, if the object is still the one that was looked at.
async fn carry_out(client: Client, write: Write) -> Finished {
    let result = match timeout(TIMEOUT, put(client, &write)).await {
        Ok(Ok(stored)) => Ok(stored),
        Ok(Err(Error::Api(status))) if status.code == 409 || status.code == 404 => {
            Err(Failure::Outdated)
        }
        Ok(Err(error)) => Err(Failure::Refused(error.to_string())),
        Err(_) => Err(Failure::Refused(
            "the API server does not answer".to_owned(),
        )),
    };
    Finished { write, result }
}

async fn put(client: Client, write: &Write) -> Result<DynamicObject, Error> {
    let ObjectRef {
        namespace, name, ..
    } = &write.key.object;
    let resource = resource(&write.key.object);
    let api: Api<DynamicObject> = match &**namespace {
        "" => Api::all_with(client, &resource),
        namespace => Api::namespaced_with(client, namespace, &resource),
    };
    match &write.content {
        Content::Status(status) => {
            let mut object = DynamicObject::new(name, &resource).data(json!({ "status": status }));
            object.metadata.resource_version.clone_from(&write.version);
            object.metadata.namespace = (!namespace.is_empty()).then(|| namespace.to_string());
            api.replace_status(name, &PostParams::default(), &object)
                .await
        }
        Content::Patch(patch) => {
            let patch = Patch::Merge(patch);
            api.patch(name, &PatchParams::default(), &patch).await
        }
        Content::Finalizers(finalizers) => {
            let metadata = json!({ "resourceVersion": write.version, "finalizers": finalizers });
            let patch = Patch::Merge(json!({ "metadata": metadata }));
            api.patch(name, &PatchParams::default(), &patch).await
        }
        Content::Object(wanted) => {
            let apply = PatchParams::apply(MANAGER).force();
            api.patch(name, &apply, &Patch::Apply(wanted)).await
        }
    }
}

/// The kind of an object, as it is written.
fn resource(object: &ObjectRef) -> ApiResource {
    let ObjectRef { group, kind, .. } = object;
    let known = kinds::find(group, kind);
    let api_version = known.map_or_else(|| "v1".to_owned(), |kind| kind.api_version());
    ApiResource {
        group: group.to_string(),
        version: match api_version.rsplit_once('/') {
            Some((_, version)) => version.to_owned(),
            None => api_version.clone(),
        },
        api_version,
        kind: kind.to_string(),
        plural: known.map_or("", |kind| kind.plural).to_owned(),
    }
}

#[cfg(test)]
mod tests;
