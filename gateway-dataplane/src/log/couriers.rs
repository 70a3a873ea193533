//! Who tells servers what becomes of requests: one courier for each log, however many listeners have it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gateway_resolve::ir::ServerLog;

pub(crate) use super::courier::Courier;
use crate::Limits;
use crate::backend::BoxBackend;

/// The couriers that there are. They go with the last listener that has something for them.
#[derive(Default)]
pub(crate) struct Couriers {
    all: Mutex<HashMap<ServerLog, Weak<Courier>>>,
    lost: Arc<AtomicU64>,
}

/// What couriers are sent with.
pub(crate) struct Dispatch<'a> {
    /// Who is told; nobody, if there is no such backend.
    pub(crate) server: Option<BoxBackend>,
    pub(crate) limits: &'a Limits,
    pub(crate) workers: usize,
    pub(crate) zone: Option<&'a str>,
}

/// Time for what is left when a worker ends.
const LAST: Duration = Duration::from_secs(1);

impl Couriers {
    /// The courier of a log, which goes to this server from now on.
    pub(crate) fn get(&self, log: &ServerLog, dispatch: Dispatch<'_>) -> Option<Arc<Courier>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, courier| courier.strong_count() > 0);
        if let Some(known) = all.get(log).and_then(Weak::upgrade) {
            known.go_to(dispatch.server);
            return Some(known);
        }
        let courier = Arc::new(Courier::new(log, dispatch, &self.lost));
        all.insert(log.clone(), Arc::downgrade(&courier));
        Some(courier)
    }

    /// Waits until servers were told what this worker has for them, or for a while.
    pub(crate) async fn flush(&self, worker: usize) {
        let all: Vec<_> = {
            let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.values().filter_map(Weak::upgrade).collect()
        };
        let told = all.iter().filter_map(|courier| courier.flush(worker));
        let told: Vec<_> = told.collect();
        let all_told = async {
            for told in told {
                let _ended = told.await;
            }
        };
        let _told_or_late = tokio::time::timeout(LAST, all_told).await;
    }

    /// How many entries were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
