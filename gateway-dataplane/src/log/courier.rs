//! Tells one server, off the way of requests.
//!
//! Each worker has a queue of its own, and a task that empties it: nobody waits for anybody. What the server does not
//! keep up with is lost and counted.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use gateway_resolve::ir::{LogEntries, ServerLog};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::LogSubject;
use super::couriers::Dispatch;
use super::{entry, record};
use crate::backend::BoxBackend;
use crate::grpc::{CallError, Called, authority, tell};
use crate::limits::fixed;
use crate::paced::Paced;

/// Tells the server of one log.
pub(crate) struct Courier {
    errand: Arc<Errand>,
    /// By worker. `None`: there is no runtime that it could run on.
    queues: Box<[OnceLock<Option<Queue>>]>,
}

/// What is to be told to whom.
struct Errand {
    log: ServerLog,
    authority: String,
    zone: Box<str>,
    server: ArcSwapOption<BoxBackend>,
    backlog: usize,
    gathering: Duration,
    delivery: Duration,
    lost: Arc<AtomicU64>,
    said: Paced,
}

/// What one worker has to be told.
struct Queue {
    parcels: UnboundedSender<Parcel>,
    waiting: Arc<AtomicUsize>,
}

enum Parcel {
    Entry(Bytes),
    /// Everything before it is to be told.
    Flush(oneshot::Sender<()>),
}

/// What an entry takes beside its bytes, about.
const BESIDE: usize = 64;

/// Bytes of an answer, in which nothing is said.
const ANSWER: usize = 16 << 10;

impl Courier {
    pub(super) fn new(log: &ServerLog, dispatch: Dispatch<'_>, lost: &Arc<AtomicU64>) -> Self {
        let limits = dispatch.limits;
        Self {
            errand: Arc::new(Errand {
                authority: authority(&log.server, log.authority.as_deref()),
                zone: dispatch.zone.unwrap_or_default().into(),
                server: ArcSwapOption::from_pointee(dispatch.server),
                backlog: limits.log_backlog,
                gathering: limits.log_gathering,
                delivery: log.timeout.unwrap_or(limits.log_delivery),
                lost: Arc::clone(lost),
                said: Paced::new(),
                log: log.clone(),
            }),
            queues: (0..dispatch.workers).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Goes to this server from now on.
    pub(super) fn go_to(&self, server: Option<BoxBackend>) {
        self.errand.server.store(server.map(Arc::new));
    }

    /// Takes what is over. Never waits.
    pub(super) fn take(&self, subject: &LogSubject<'_>) {
        let worker = subject.connection.worker;
        let Some(queue) = self.queues.get(worker) else {
            return;
        };
        let queue = queue.get_or_init(|| Queue::begin(&self.errand, worker));
        let entry = match &self.errand.log.entries {
            LogEntries::Envoy(fields) => entry::of(fields, subject),
            LogEntries::OpenTelemetry(spec) => record::of(spec, subject),
        };
        let kept = match queue {
            Some(queue) => queue.put(entry.into(), self.errand.backlog),
            None => Err("there is no runtime to tell it in"),
        };
        if let Err(why) = kept {
            self.errand.lose(1, why);
        }
    }

    /// Is over when the server was told what this worker has for it. `None`: it has nothing.
    pub(super) fn flush(&self, worker: usize) -> Option<oneshot::Receiver<()>> {
        let queue = self.queues.get(worker)?.get()?.as_ref()?;
        let (done, flushed) = oneshot::channel();
        queue.parcels.send(Parcel::Flush(done)).ok()?;
        Some(flushed)
    }
}

impl Queue {
    fn begin(errand: &Arc<Errand>, worker: usize) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        let (parcels, taken) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        runtime.spawn(carry(
            Arc::clone(errand),
            worker,
            taken,
            Arc::clone(&waiting),
        ));
        Some(Self { parcels, waiting })
    }

    fn put(&self, entry: Bytes, most: usize) -> Result<(), &'static str> {
        let size = entry.len() + BESIDE;
        if self.waiting.fetch_add(size, Ordering::Relaxed) + size > most {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            return Err("it does not keep up");
        }
        let sent = self.parcels.send(Parcel::Entry(entry));
        sent.map_err(|_| "its runtime has ended")
    }
}

/// What is told at once.
#[derive(Default)]
struct Batch {
    entries: Vec<Bytes>,
    size: usize,
    flushed: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn add(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Entry(entry) => {
                self.size += entry.len() + BESIDE;
                self.entries.push(entry);
            }
            Parcel::Flush(done) => self.flushed.push(done),
        }
    }

    fn is_full(&self) -> bool {
        self.size >= fixed::LOG_ENTRIES || !self.flushed.is_empty()
    }
}

/// Tells the server what is taken, until there can be no more.
async fn carry(
    errand: Arc<Errand>,
    worker: usize,
    mut taken: UnboundedReceiver<Parcel>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(first) = taken.recv().await {
        let end = Instant::now() + errand.gathering;
        let mut batch = Batch::default();
        batch.add(first);
        while !batch.is_full()
            && let Ok(Some(parcel)) = timeout_at(end, taken.recv()).await
        {
            batch.add(parcel);
        }
        if !batch.entries.is_empty() {
            errand.deliver(worker, batch.entries).await;
        }
        waiting.fetch_sub(batch.size, Ordering::Relaxed);
        for done in batch.flushed {
            let _nobody_waits = done.send(());
        }
    }
}

impl Errand {
    async fn deliver(&self, worker: usize, entries: Vec<Bytes>) {
        let count = entries.len() as u64;
        let Some(server) = self.server.load_full() else {
            return self.lose(count, "there is no such backend");
        };
        match timeout(self.delivery, self.tell(&server, worker, entries)).await {
            Ok(Ok(_answer)) => {}
            Ok(Err(error)) => self.lose(count, &error.to_string()),
            Err(_elapsed) => self.lose(count, "it takes too long"),
        }
    }

    async fn tell(
        &self,
        server: &BoxBackend,
        worker: usize,
        entries: Vec<Bytes>,
    ) -> Result<Bytes, CallError> {
        let (name, method) = (&*self.log.name, |path| Called {
            path,
            authority: &self.authority,
            headers: &self.log.headers,
            limit: ANSWER,
        });
        match &self.log.entries {
            LogEntries::Envoy(_) => {
                let message = entry::message(name, &self.zone, entries);
                tell(server, worker, method(entry::METHOD), &message).await
            }
            LogEntries::OpenTelemetry(spec) => {
                let labels = spec.labelled.then_some((name, &*self.zone));
                let message = record::message(labels, entries);
                tell(server, worker, method(record::METHOD), &message).await
            }
        }
    }

    fn lose(&self, count: u64, why: &str) {
        self.lost.fetch_add(count, Ordering::Relaxed);
        if let Some(more) = self.said.pass() {
            let (log, server) = (&self.log.name, &self.log.server);
            tracing::warn!(log, %server, why, more, "entries of an access log were lost");
        }
    }
}
