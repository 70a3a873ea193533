//! The thread on which backends are looked after: names are looked up, endpoints are asked whether they are well.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;

use super::Lookup;
use crate::limits::fixed;

/// How names are looked up, and where: on a thread that is started for the first task, and ends with the last
/// backend.
pub(in crate::backend::upstream) struct Looking {
    pub(super) lookup: Option<Arc<dyn Lookup>>,
    /// Of those who look names up, so many do at once.
    pub(super) turns: Semaphore,
    thread: OnceLock<Option<Running>>,
}

struct Running {
    runtime: Handle,
    _ends: oneshot::Sender<Infallible>,
}

impl Looking {
    pub(in crate::backend::upstream) fn new(lookup: Option<Arc<dyn Lookup>>) -> Self {
        Self {
            lookup,
            turns: Semaphore::new(fixed::LOOKUPS),
            thread: OnceLock::new(),
        }
    }

    /// Runs `task` until it ends or is aborted; not at all when the thread could not be started.
    pub(in crate::backend::upstream) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let running = self.thread.get_or_init(|| {
            let started = start();
            let failed = |error: &_| tracing::error!(%error, "cannot look after backends");
            started.inspect_err(failed).ok()
        });
        let running = running.as_ref()?;
        Some(running.runtime.spawn(task).abort_handle())
    }
}

fn start() -> io::Result<Running> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (alive, ended) = oneshot::channel();
    let run = move || drop(runtime.block_on(ended));
    thread::Builder::new()
        .name("backends".to_owned())
        .spawn(run)?;
    Ok(Running {
        runtime: handle,
        _ends: alive,
    })
}
