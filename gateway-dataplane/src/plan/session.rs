//! The session of a request, from the token that it carries to the one that its response gives.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gateway_resolve::ir::{self, BackendId, PathMatch};
use http::uri::Scheme;

use super::Planner;
use super::prepare::WithSession;
use crate::ConnectionInfo;
use crate::forward::headers::requested_origin;
use crate::head::{Fields, RequestHead};
use crate::session::{Sessions, Tokens};
use crate::table::{CompiledRule, Hit};

/// The session of a request.
#[derive(Debug)]
pub(crate) struct Session<'t> {
    sessions: &'t Sessions,
    tokens: Tokens,
    now: Duration,
    /// Where a cookie goes back to.
    path: &'t str,
    /// Did the request come over TLS?
    secure: bool,
    backend: Option<&'t BackendId>,
    /// The endpoint that it is with.
    pub(crate) endpoint: Option<SocketAddr>,
    /// The endpoint that it is to be with from now on.
    starts_with: Option<SocketAddr>,
}

/// The session of a request with this head, and the target that it is with. `find` is the first endpoint of a backend
/// that is wanted.
pub(crate) fn find<'t, B>(
    planner: &Planner,
    sessions: &'t Sessions,
    hit: Hit<'t, B>,
    connection: &ConnectionInfo,
    head: &RequestHead,
    find: impl Fn(&B, &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>,
) -> WithSession<'t, B> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let rule: &'t CompiledRule<B> = hit.rule;
    let tokens = sessions.tokens(&head.fields, now);
    let found = tokens.own.and_then(|token| {
        rule.find(|id, backend| find(backend, &|endpoint| sessions.is_with(token, id, endpoint)))
    });
    let (scheme, _) = requested_origin(&head.fields, &connection.headers, &planner.forwarding);
    let (target, endpoint) = found.unzip();
    let session = Session {
        sessions,
        tokens,
        now,
        path: path(hit.route),
        secure: scheme == Scheme::HTTPS,
        backend: None,
        endpoint,
        starts_with: None,
    };
    (Some(session), target)
}

/// The path that a cookie is for: the route's, where it has one (GEP-1619).
fn path(route: &ir::Route) -> &str {
    match &route.matches.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) => path,
        PathMatch::Regex(_) | PathMatch::Method(_) => "/",
    }
}

impl<'t> Session<'t> {
    /// The same, of a request that goes to this target of `rule`.
    pub(crate) fn with<B>(self, rule: &'t CompiledRule<B>, target: usize) -> Self {
        let backend = match &rule.ir().action {
            ir::Action::Forward(split) => split.targets()[target].target.backend(),
            ir::Action::Redirect(_) | ir::Action::Respond(_) | ir::Action::Fail(_) => None,
        };
        Self { backend, ..self }
    }

    /// This endpoint answered.
    pub(crate) fn answered(&mut self, endpoint: Option<SocketAddr>) {
        self.starts_with = endpoint.filter(|endpoint| Some(*endpoint) != self.endpoint);
    }

    /// Gives the client a token, if it has none that is good.
    pub(crate) fn mark(&self, response: &mut Fields) {
        if let (Some(backend), Some(endpoint)) = (self.backend, self.starts_with) {
            let with = (backend, endpoint);
            self.sessions.start(
                response,
                with,
                (&self.tokens, self.now),
                (self.path, self.secure),
            );
        }
    }
}
