//! What is known of a connection of layer 4, or of a session of UDP, when it is over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gateway_resolve::ir::{self, BackendId, StreamAction};

use super::counted::Count;
use super::{Audience, Observer};
use crate::ConnectionInfo;
use crate::backend::BackendErrorKind;
use crate::log::{Kept, LogSubject, Outcome};
use crate::table::{Chosen, SocketKey};

/// What is known of a connection that was passed on as it came, or of the session of a client of UDP, when it is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamRecord {
    /// The client.
    pub client: SocketAddr,
    /// The socket that it was accepted on.
    pub socket: SocketKey,
    /// The worker that served it.
    pub worker: usize,
    /// The listener that took it.
    pub listener: Option<Arc<ir::Listener>>,
    /// The rule that it followed. `None`: no route is attached.
    pub rule: Option<Arc<ir::StreamRule>>,
    /// The position of the target in the rule's split, when one was chosen; see [`backend`](Self::backend).
    pub target: Option<usize>,
    /// How it ended.
    pub ended: StreamEnded,
    /// Bytes from the client to the backend.
    pub received: u64,
    /// Bytes from the backend to the client.
    pub sent: u64,
    /// When it was accepted.
    pub started: SystemTime,
    /// From then to the end.
    pub duration: Duration,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamEnded {
    /// Both sides had said all, or one had closed.
    Complete,
    /// One side broke, or the connection had to be closed.
    Cut,
    /// No backend takes it: there is no route, or the target is a bad reference.
    Refused,
    /// No backend could be reached.
    Failed(BackendErrorKind),
}

impl StreamEnded {
    /// In one word, for logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::Refused => "refused",
            Self::Failed(kind) => super::Reason::Failed(kind).as_str(),
        }
    }
}

impl StreamRecord {
    /// The backend that was chosen.
    pub fn backend(&self) -> Option<&BackendId> {
        match &self.rule.as_ref()?.action {
            StreamAction::Forward(split) => split.targets().get(self.target?)?.target.backend(),
            StreamAction::Fail(_) => None,
        }
    }
}

/// A connection that may be observed. The observer is told when it is dropped.
pub(crate) struct ObservedStream(Option<Box<Open>>);

struct Open {
    observer: Option<Arc<dyn Observer>>,
    kept: Option<Kept>,
    record: StreamRecord,
    begun: Instant,
}

impl ObservedStream {
    /// A connection; without an observer, nothing.
    pub(crate) fn begin<B>(
        audience: &Audience,
        connection: &ConnectionInfo,
        chosen: &Chosen<B>,
    ) -> Self {
        let kept = Kept::on(connection);
        let is_open = audience.0.is_some() || kept.is_some();
        let open = || {
            Box::new(Open {
                observer: audience.0.clone(),
                kept,
                record: StreamRecord {
                    client: connection.peer,
                    socket: connection.socket,
                    worker: connection.worker,
                    listener: chosen.listener.clone(),
                    rule: chosen.rule.clone(),
                    target: chosen.target,
                    ended: StreamEnded::Cut,
                    received: 0,
                    sent: 0,
                    started: SystemTime::now(),
                    duration: Duration::ZERO,
                },
                begun: Instant::now(),
            })
        };
        Self(is_open.then(open))
    }

    /// How it ended.
    pub(crate) fn ended(&mut self, ended: StreamEnded) {
        if let Some(open) = self.0.as_deref_mut() {
            open.record.ended = ended;
        }
    }
}

impl Count for ObservedStream {
    fn count(&mut self, received: u64, sent: u64) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            record.received += received;
            record.sent += sent;
        }
    }

    fn over(&mut self) {}
}

impl Drop for Open {
    fn drop(&mut self) {
        self.record.duration = self.begun.elapsed();
        if let Some(observer) = &self.observer {
            observer.stream(&self.record);
        }
        if let Some(kept) = &self.kept {
            write_down(kept, &self.record);
        }
    }
}

/// Writes a connection down where its listener asks for that.
fn write_down(kept: &Kept, record: &StreamRecord) {
    let route = || record.rule.as_ref().map(|rule| rule.to_string());
    kept.logs.write(&LogSubject {
        connection: &kept.connection,
        head: None,
        sent: None,
        response: None,
        trailers: None,
        status: None,
        outcome: Outcome::Stream(record.ended),
        route: &route,
        backend: record.backend(),
        endpoint: None,
        moved: Some((record.received, record.sent)),
        started: record.started,
        response_after: None,
        duration: record.duration,
    });
}
