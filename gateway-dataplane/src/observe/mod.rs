//! What became of each request: the seam for access logs, metrics and traces.
//!
//! A [`Record`] is filled while a request goes its way, and is handed to the [`Observer`] when it is over,
//! however that came about: answered by a backend or by the gateway itself, cut by a timeout, or left by its
//! client. Without an observer there are no records: nothing is allocated for them and no clock is read.

mod answered;
mod counted;
mod observed;
mod reason;
mod record;
mod stream;
mod writer;

pub use answered::Answered;
pub(crate) use counted::{Count, Counted};
pub(crate) use observed::{Notes, Observed};
pub use reason::{Ended, Reason};
pub use record::Record;
pub(crate) use stream::ObservedStream;
pub use stream::{StreamEnded, StreamRecord};
pub use writer::{LineSink, LineWriter};

use std::fmt;
use std::sync::Arc;

/// Who is told what became of requests and connections.
///
/// It is called on the worker that served the request, between two requests: it must neither block nor wait.
/// What takes time (writing, sending) belongs on another thread, behind a bounded queue.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use gateway_dataplane::observe::{Observer, Record};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn request(&self, record: &Record) {
///         if record.status.is_some_and(|status| status.is_server_error()) {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
///
///     fn keeps_heads(&self) -> bool {
///         false
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A request is over.
    fn request(&self, record: &Record);

    /// A connection is over whose bytes were passed on as they came (TLSRoute, TCPRoute), or the session of a client of UDP
    /// (UDPRoute).
    fn stream(&self, record: &StreamRecord) {
        let _ = record;
    }

    /// Are [heads](Record::head) to be kept for the record? That takes a copy of each.
    fn keeps_heads(&self) -> bool {
        true
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn request(&self, record: &Record) {
        O::request(self, record);
    }

    fn stream(&self, record: &StreamRecord) {
        O::stream(self, record);
    }

    fn keeps_heads(&self) -> bool {
        O::keeps_heads(self)
    }
}

/// Each of them is told, in order.
impl<O: Observer> Observer for Vec<O> {
    fn request(&self, record: &Record) {
        self.iter().for_each(|observer| observer.request(record));
    }

    fn stream(&self, record: &StreamRecord) {
        self.iter().for_each(|observer| observer.stream(record));
    }

    fn keeps_heads(&self) -> bool {
        self.iter().any(Observer::keeps_heads)
    }
}

/// The observer, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Audience(Option<Arc<dyn Observer>>);

impl Audience {
    pub(crate) fn of(observer: impl Observer) -> Self {
        Self(Some(Arc::new(observer)))
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}
