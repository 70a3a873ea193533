//! What a line is made of.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gateway_resolve::ir::BackendId;
use http::{HeaderMap, StatusCode};

use super::Logs;
use crate::ConnectionInfo;
use crate::head::{Fields, RequestHead};
use crate::observe::{Ended, Reason, StreamEnded};

/// What is kept of a request for its lines, beside its record.
pub(crate) struct Kept {
    pub(crate) logs: Arc<Logs>,
    pub(crate) connection: ConnectionInfo,
    /// The headers that the backend was sent.
    pub(crate) sent: Option<Box<Fields>>,
    /// The headers of the response.
    pub(crate) response: Option<Box<Fields>>,
    /// Its trailers.
    pub(crate) trailers: Option<Box<HeaderMap>>,
}

impl Kept {
    /// `None`: nobody writes down what becomes of requests on this connection.
    pub(crate) fn on(connection: &ConnectionInfo) -> Option<Self> {
        let logs = connection.conduct.as_ref()?.logs()?;
        Some(Self {
            logs: Arc::clone(logs),
            connection: connection.clone(),
            sent: None,
            response: None,
            trailers: None,
        })
    }
}

/// A request, or a connection that was passed on, when it is over.
#[derive(Clone, Copy)]
pub(crate) struct LogSubject<'a> {
    pub(crate) connection: &'a ConnectionInfo,
    pub(crate) head: Option<&'a RequestHead>,
    pub(crate) sent: Option<&'a Fields>,
    pub(crate) response: Option<&'a Fields>,
    pub(crate) trailers: Option<&'a HeaderMap>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) outcome: Outcome,
    pub(crate) route: &'a dyn Fn() -> Option<String>,
    pub(crate) backend: Option<&'a BackendId>,
    pub(crate) endpoint: Option<SocketAddr>,
    /// Bytes from and to the client.
    pub(crate) moved: Option<(u64, u64)>,
    pub(crate) started: SystemTime,
    pub(crate) response_after: Option<Duration>,
    pub(crate) duration: Duration,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    /// Of a request.
    Request(Option<Reason>, Ended),
    /// Of a connection.
    Stream(StreamEnded),
}

impl LogSubject<'_> {
    /// A header of the request: as the backend was sent it, or else as it came.
    pub(super) fn request_header(&self, name: &http::HeaderName) -> Option<&str> {
        let sent = self.sent.and_then(|fields| fields.text(name));
        sent.or_else(|| self.head?.fields.text(name))
    }

    /// The status of gRPC, which is in the trailers, or in a head that is one.
    pub(super) fn grpc_status(&self) -> Option<u32> {
        const NAME: &str = "grpc-status";
        let trailers = self
            .trailers
            .and_then(|trailers| trailers.get(NAME)?.to_str().ok());
        let status = trailers.or_else(|| self.response?.text(NAME))?;
        status.parse().ok()
    }
}
