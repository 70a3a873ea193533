//! Logs that a listener asks for: what became of its requests, or of the connections that it passes on.
//!
//! A line or entry is made by the worker when a request is over, and handed to who writes it to a file, or tells a
//! server.

#[cfg(feature = "grpc")]
mod courier;
#[cfg(feature = "grpc")]
mod couriers;
#[cfg(not(feature = "grpc"))]
#[path = "couriers_not.rs"]
mod couriers;
#[cfg(feature = "grpc")]
mod entry;
#[cfg(feature = "grpc")]
mod entry_messages;
mod file;
mod filter;
mod flags;
mod json;
mod operator;
#[cfg(feature = "grpc")]
mod record;
mod subject;
mod whole;

pub(crate) use couriers::{Couriers, Dispatch};
pub(crate) use file::flush;
pub(crate) use subject::{Kept, LogSubject, Outcome};
pub(crate) use whole::LoggedConnection;

use std::fmt;
use std::sync::Arc;

use gateway_resolve::ir::{AccessLog, FileLog, LogSink, ServerLog};

use self::couriers::Courier;
use self::file::{LogFile, file, line};

/// The logs of a listener.
pub(crate) struct Logs(Vec<(AccessLog, Sink)>);

enum Sink {
    File(Arc<LogFile>),
    Server(Arc<Courier>),
}

impl PartialEq for Logs {
    fn eq(&self, other: &Self) -> bool {
        let specs = |logs: &Self| {
            let specs = logs.0.iter().map(|(spec, _)| spec.clone());
            specs.collect::<Vec<_>>()
        };
        specs(self) == specs(other)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logs({})", self.0.len())
    }
}

impl Logs {
    /// The logs that these ask for, of which `tell` finds who tells servers; `None`: there is nowhere to write.
    pub(crate) fn open(
        logs: &[AccessLog],
        tell: &dyn Fn(&ServerLog) -> Option<Arc<Courier>>,
    ) -> Option<Arc<Self>> {
        let open = |spec: &AccessLog| {
            let sink = match &spec.sink {
                LogSink::File(FileLog { path, .. }) => Sink::File(file(path)?),
                LogSink::Server(log) => Sink::Server(tell(log)?),
            };
            Some((spec.clone(), sink))
        };
        let open: Vec<_> = logs.iter().filter_map(open).collect();
        (!open.is_empty()).then(|| Arc::new(Self(open)))
    }

    /// Writes down what is over.
    pub(crate) fn write(&self, subject: &LogSubject<'_>) {
        for (log, sink) in &self.0 {
            let filter = log.filter.as_ref();
            if filter.is_some_and(|filter| !filter::takes(filter, subject)) {
                continue;
            }
            match (sink, &log.sink) {
                (Sink::File(file), LogSink::File(spec)) => file.put(line(&spec.format, subject)),
                (Sink::Server(courier), _) => courier.take(subject),
                (Sink::File(_), LogSink::Server(_)) => {}
            }
        }
    }
}
