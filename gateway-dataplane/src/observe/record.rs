//! What is known of a request when it is over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gateway_resolve::ir::{self, BackendId, Refusal, Target};
use http::StatusCode;
use http::uri::Scheme;

use super::{Ended, Reason};
use crate::ConnectionInfo;
use crate::head::RequestHead;
use crate::table::SocketKey;

/// What is known of a request when it is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Record {
    /// The client.
    pub client: SocketAddr,
    /// The socket that its connection was accepted on.
    pub socket: SocketKey,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The worker that served it.
    pub worker: usize,
    /// The head as the client sent it. `None`: what came is none, or the observer [keeps
    /// none](super::Observer::keeps_heads).
    pub head: Option<Box<RequestHead>>,
    /// The `X-Request-Id` that the backend was sent, if heads are kept.
    pub request_id: Option<Box<str>>,
    /// The listener that took the host.
    pub listener: Option<Arc<ir::Listener>>,
    /// The rule that took the request.
    pub rule: Option<Arc<ir::Rule>>,
    /// The position of the match in the rule.
    pub match_index: usize,
    /// With which of the host's [virtual clusters](ir::VirtualClusters) it is counted.
    pub virtual_cluster: Option<Box<str>>,
    /// The position of the target in the rule's split, when one was chosen; see [`backend`](Self::backend).
    pub target: Option<usize>,
    /// The endpoint that was asked last, as far as the backend says.
    pub endpoint: Option<SocketAddr>,
    /// How many times an endpoint was asked, or tried to be connected to.
    pub attempts: u32,
    /// The status of the answer. `None`: the client left before there was one.
    pub status: Option<StatusCode>,
    /// Why it was answered so.
    pub reason: Option<Reason>,
    /// How it ended.
    pub ended: Ended,
    /// Bytes of the request's body that were read, without framing; of a tunnel, all from the client.
    pub received: u64,
    /// Bytes of the response's body that were sent, without framing; of a tunnel, all to the client.
    pub sent: u64,
    /// When its head had been read.
    pub started: SystemTime,
    /// From then to the head of the answer.
    pub response_after: Option<Duration>,
    /// From then to the end.
    pub duration: Duration,
}

impl Record {
    /// A record of a request on `connection` of which nothing else is known yet.
    pub(super) fn new(connection: &ConnectionInfo, head: Option<Box<RequestHead>>) -> Self {
        Self {
            client: connection.peer,
            socket: connection.socket,
            scheme: connection.scheme.clone(),
            worker: connection.worker,
            head,
            request_id: None,
            listener: None,
            rule: None,
            match_index: 0,
            virtual_cluster: None,
            target: None,
            endpoint: None,
            attempts: 0,
            status: None,
            reason: None,
            ended: Ended::ClientGone,
            received: 0,
            sent: 0,
            started: SystemTime::now(),
            response_after: None,
            duration: Duration::ZERO,
        }
    }

    /// The backend that was chosen.
    pub fn backend(&self) -> Option<&BackendId> {
        self.chosen()?.backend()
    }

    /// Why the rule or the backend that was chosen is refused, if it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.rule.as_ref()?.action {
            ir::Action::Fail(refusal) => Some(refusal),
            ir::Action::Forward(_) | ir::Action::Redirect(_) | ir::Action::Respond(_) => {
                match self.chosen()? {
                    Target::Refused(refusal) => Some(refusal),
                    Target::Backend(_) => None,
                }
            }
        }
    }

    fn chosen(&self) -> Option<&Target> {
        match &self.rule.as_ref()?.action {
            ir::Action::Forward(split) => split.targets().get(self.target?).map(|to| &to.target),
            ir::Action::Redirect(_) | ir::Action::Respond(_) | ir::Action::Fail(_) => None,
        }
    }
}
