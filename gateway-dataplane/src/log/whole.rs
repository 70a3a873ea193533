//! Connections as a whole.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::{LogSubject, Logs, Outcome};
use crate::ConnectionInfo;
use crate::observe::StreamEnded;

/// A connection that is written down when this is dropped.
pub(crate) struct LoggedConnection {
    logs: Arc<Logs>,
    connection: ConnectionInfo,
    started: SystemTime,
    begun: Instant,
}

impl LoggedConnection {
    /// `None`: nobody writes down what becomes of connections to this listener.
    pub(crate) fn begin(connection: &ConnectionInfo) -> Option<Box<Self>> {
        let logs = connection.conduct.as_ref()?.connection_logs()?;
        Some(Box::new(Self {
            logs: Arc::clone(logs),
            connection: connection.clone(),
            started: SystemTime::now(),
            begun: Instant::now(),
        }))
    }
}

impl Drop for LoggedConnection {
    fn drop(&mut self) {
        self.logs.write(&LogSubject {
            connection: &self.connection,
            head: None,
            sent: None,
            response: None,
            trailers: None,
            status: None,
            outcome: Outcome::Stream(StreamEnded::Complete),
            route: &|| None,
            backend: None,
            endpoint: None,
            moved: None,
            started: self.started,
            response_after: None,
            duration: self.begun.elapsed(),
        });
    }
}
