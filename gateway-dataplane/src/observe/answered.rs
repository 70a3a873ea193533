//! What is known of a request when its answer begins.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId};

use super::Reason;

/// What answered a request: an extension of every response that [`Forwarder::handle`](crate::Forwarder::handle) gives,
/// redirects and refusals included. What follows the head of the response is an [`Observer`](super::Observer)'s to
/// know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answered {
    /// Why it was answered so.
    pub reason: Option<Reason>,
    /// The listener that took the host.
    pub listener: Option<Arc<ir::Listener>>,
    /// The rule that took the request.
    pub rule: Option<Arc<ir::Rule>>,
    /// The position of the target in the rule's split, when one was chosen; see [`backend`](Self::backend).
    pub target: Option<usize>,
    /// The endpoint that was asked last, as far as the backend says.
    pub endpoint: Option<SocketAddr>,
    /// How many times an endpoint was asked, or tried to be connected to.
    pub attempts: u32,
}

impl Answered {
    /// The backend that was chosen.
    pub fn backend(&self) -> Option<&BackendId> {
        match &self.rule.as_ref()?.action {
            ir::Action::Forward(split) => split.targets().get(self.target?)?.target.backend(),
            ir::Action::Redirect(_) | ir::Action::Respond(_) | ir::Action::Fail(_) => None,
        }
    }
}
