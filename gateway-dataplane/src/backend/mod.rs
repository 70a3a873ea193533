//! The seam behind which requests are answered.
//!
//! A [`Backend`] takes a request and yields a response; everything below it (endpoints, balancing,
//! health, pools) is its own business. [`upstream`] is the bundled one. A [`MakeBackend`] builds
//! one for each [backend of the IR](ir::Backend).

mod datagrams;
mod erased;
mod error;
pub(crate) mod http1;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(not(feature = "lambda"))]
#[path = "lambda_not.rs"]
mod lambda;
mod lend;
mod payload;
mod tunnel;
pub mod upstream;

pub use datagrams::Datagrams;
pub(crate) use datagrams::Owner;
pub use erased::BoxBackend;
pub use error::{BackendError, BackendErrorKind};
#[cfg(feature = "lambda")]
pub use lambda::AwsEnvironment;
pub use lend::Direct;
pub(crate) use lend::{Connecting, Course, Lend, Noted};
pub use payload::Payload;
pub(crate) use tunnel::Io;
pub use tunnel::Tunnel;
pub(crate) use upstream::Ends;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway_resolve::ir;
use http::{Method, Request, Response};

use crate::observe::Notes;
use crate::{Body, Limits};

/// Who answers requests.
///
/// Dropping the future, or the body of the response, gives up the attempt. The request is ready to
/// be sent: its URI has a path and query only, its `Host` header is set, hop-by-hop headers are
/// gone. The body of a response to a request for an upgrade that has status 101 is a
/// [`Tunnel`]. What an embedder put into the [extensions](http::Extensions) of a request that he handed to a
/// [`Forwarder`](crate::Forwarder) is in those of every attempt at it, and of its copies.
pub trait Backend: Send + Sync + 'static {
    /// Answers `request`.
    ///
    /// # Errors
    /// There is no response; the error says with which status the client is answered instead.
    fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> impl Future<Output = Result<Response<Body>, BackendError>> + Send;

    /// Opens a connection for `payload`, as TLSRoutes and TCPRoutes ask for. Backends that answer requests only need
    /// not.
    ///
    /// # Errors
    /// No connection could be made; the client's is closed.
    fn open(
        &self,
        payload: Payload,
        worker: usize,
    ) -> impl Future<Output = Result<Tunnel, BackendError>> + Send {
        let _ = (payload, worker);
        let what = "the backend takes requests only";
        std::future::ready(Err(BackendError::new(BackendErrorKind::Connect, what)))
    }

    /// A socket for the datagrams of one client, as UDPRoutes ask for. Called within a runtime of tokio. Backends
    /// that answer requests only need not.
    ///
    /// # Errors
    /// There is no endpoint; the datagram is dropped.
    fn datagrams(&self, worker: usize) -> Result<Datagrams, BackendError> {
        let _ = worker;
        let what = "the backend takes no datagrams";
        Err(BackendError::new(BackendErrorKind::Connect, what))
    }

    /// May [`datagrams`](Self::datagrams) lead to `endpoint`? When a new IR is applied, sessions go on for as long as
    /// a backend of their route says so.
    fn reaches(&self, endpoint: SocketAddr) -> bool {
        let _ = endpoint;
        true
    }

    /// The first endpoint that is `wanted`, as sessions ask for one that they know (GEP-1619). Backends that keep no
    /// sessions need not.
    fn find(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        let _ = wanted;
        None
    }

    /// The connections that [`call`](Self::call) would use, where a plain request of an HTTP/1 client may be
    /// written to one of them without further ado. Only the bundled [`Upstream`](upstream::Upstream) has
    /// such; who wraps one says whether the short way may be taken.
    fn direct(&self) -> Option<Direct<'_>> {
        None
    }
}

/// Builds [`Backend`]s when a new IR is applied.
///
/// Backends of the IR that did not change keep theirs. `previous` is the one that the same
/// [id](ir::BackendId) had until now: what should outlive the change (pools, health) is taken from
/// there.
pub trait MakeBackend: Send + Sync + 'static {
    /// What it builds.
    type Backend: Backend;

    /// A backend for `spec`.
    fn make(
        &self,
        spec: &Arc<ir::Backend>,
        site: &Site<'_>,
        previous: Option<&Arc<Self::Backend>>,
    ) -> Arc<Self::Backend>;

    /// Makes `backend` the one for `spec`, which has the same id, while it serves. Where that succeeds, and nothing
    /// but backends changed, no rule is compiled anew.
    ///
    /// False: [`make`](Self::make) a new one.
    fn update(&self, backend: &Arc<Self::Backend>, spec: &Arc<ir::Backend>) -> bool {
        let _ = (backend, spec);
        false
    }

    /// `backend` is not the one for its id any more. Requests that it has go on; what it does by itself should end,
    /// since a client that waits may hold what leads to it for long.
    fn retire(&self, backend: &Arc<Self::Backend>) {
        let _ = backend;
    }
}

/// What all backends of a gateway have in common.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Site<'a> {
    /// How many workers there are, at least one; [`Attempt::worker`] tells them apart.
    pub workers: usize,
    /// The gateway's timeouts and limits.
    pub limits: &'a Limits,
    /// The zone that it runs in, if it was told.
    pub zone: Option<&'a str>,
}

/// What a backend may know about the attempt that it is asked to make.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Attempt<'r> {
    /// The worker that makes it, counting from 0; state that is kept by worker is not contended.
    pub worker: usize,
    /// How many attempts at this request came before it.
    pub number: u32,
    /// Does the client ask for another protocol (`Connection: upgrade`)?
    pub upgrade: bool,
    /// The endpoint that the client's session is with, to be asked first if it can be.
    pub endpoint: Option<SocketAddr>,
    /// Requests with the same hash belong together; a backend that wraps the bundled one says so.
    pub hash: Option<u64>,
    /// The rule that led to the backend, by itself or by a mirror of it.
    pub rule: Option<&'r Arc<ir::Rule>>,
    /// The two ends of the client's connection.
    pub(crate) ends: Option<Ends>,
    pub(crate) notes: Option<&'r Notes>,
}

impl Attempt<'_> {
    /// The first attempt, made by `worker`.
    pub fn first(worker: usize) -> Self {
        Self {
            worker,
            ..Self::default()
        }
    }

    /// Notes that it is made.
    pub(crate) fn begin(&self) {
        if let Some(notes) = self.notes {
            notes.called();
        }
    }

    /// Notes that the attempt is made at `endpoint`, for the [`Observer`](crate::observe::Observer). The last
    /// one counts.
    pub fn asks(&self, endpoint: SocketAddr) {
        if let Some(notes) = self.notes {
            notes.tried(Some(endpoint), 1);
        }
    }
}

impl<B: Backend> Backend for Arc<B> {
    fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> impl Future<Output = Result<Response<Body>, BackendError>> + Send {
        B::call(self, request, attempt)
    }

    fn open(
        &self,
        payload: Payload,
        worker: usize,
    ) -> impl Future<Output = Result<Tunnel, BackendError>> + Send {
        B::open(self, payload, worker)
    }

    fn datagrams(&self, worker: usize) -> Result<Datagrams, BackendError> {
        B::datagrams(self, worker)
    }

    fn reaches(&self, endpoint: SocketAddr) -> bool {
        B::reaches(self, endpoint)
    }

    fn find(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        B::find(self, wanted)
    }

    fn direct(&self) -> Option<Direct<'_>> {
        B::direct(self)
    }
}

/// May a request of this method be sent twice (RFC 9110 section 9.2.2)?
pub(crate) fn is_harmless(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE | Method::TRACE
    )
}
