//! Without gRPC no server is told anything.

use std::sync::Arc;

use gateway_resolve::ir::ServerLog;

use super::LogSubject;
use crate::Limits;
use crate::backend::BoxBackend;

/// There are none.
#[derive(Debug, Default)]
pub(crate) struct Couriers {}

/// There is none.
pub(crate) enum Courier {}

/// What couriers are sent with.
#[expect(dead_code, reason = "nobody is sent")]
pub(crate) struct Dispatch<'a> {
    pub(crate) server: Option<BoxBackend>,
    pub(crate) limits: &'a Limits,
    pub(crate) workers: usize,
    pub(crate) zone: Option<&'a str>,
}

impl Couriers {
    pub(crate) fn get(&self, _log: &ServerLog, _dispatch: Dispatch<'_>) -> Option<Arc<Courier>> {
        tracing::error!("this data plane has no gRPC, which a log needs");
        None
    }

    pub(crate) async fn flush(&self, _worker: usize) {}

    pub(crate) fn lost(&self) -> u64 {
        0
    }
}

impl Courier {
    pub(super) fn take(&self, _subject: &LogSubject<'_>) {
        match *self {}
    }
}
