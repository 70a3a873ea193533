//! Backends of several types in one table.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use http::{Request, Response};

use super::{Attempt, Backend, BackendError, Datagrams, Direct, Payload, Tunnel};
use crate::Body;

/// Any backend, at the cost of a box per request.
pub struct BoxBackend(Box<dyn Erased>);

impl BoxBackend {
    /// Hides the type of `backend`.
    pub fn new(backend: impl Backend) -> Self {
        Self(Box::new(backend))
    }
}

impl fmt::Debug for BoxBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxBackend")
    }
}

impl Backend for BoxBackend {
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        self.0.call_boxed(request, attempt).await
    }

    async fn open(&self, payload: Payload, worker: usize) -> Result<Tunnel, BackendError> {
        self.0.open_boxed(payload, worker).await
    }

    fn datagrams(&self, worker: usize) -> Result<Datagrams, BackendError> {
        self.0.datagrams_erased(worker)
    }

    fn reaches(&self, endpoint: SocketAddr) -> bool {
        self.0.reaches_erased(endpoint)
    }

    fn find(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        self.0.find_erased(wanted)
    }

    fn direct(&self) -> Option<Direct<'_>> {
        self.0.direct_erased()
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, BackendError>> + Send + 'a>>;

type Opening<'a> = Pin<Box<dyn Future<Output = Result<Tunnel, BackendError>> + Send + 'a>>;

trait Erased: Send + Sync + 'static {
    fn call_boxed<'a>(&'a self, request: Request<Body>, attempt: &'a Attempt<'_>) -> Answer<'a>;

    fn open_boxed(&self, payload: Payload, worker: usize) -> Opening<'_>;

    fn datagrams_erased(&self, worker: usize) -> Result<Datagrams, BackendError>;

    fn reaches_erased(&self, endpoint: SocketAddr) -> bool;

    fn find_erased(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>;

    fn direct_erased(&self) -> Option<Direct<'_>>;
}

impl<B: Backend> Erased for B {
    fn call_boxed<'a>(&'a self, request: Request<Body>, attempt: &'a Attempt<'_>) -> Answer<'a> {
        Box::pin(self.call(request, attempt))
    }

    fn open_boxed(&self, payload: Payload, worker: usize) -> Opening<'_> {
        Box::pin(self.open(payload, worker))
    }

    fn datagrams_erased(&self, worker: usize) -> Result<Datagrams, BackendError> {
        self.datagrams(worker)
    }

    fn reaches_erased(&self, endpoint: SocketAddr) -> bool {
        self.reaches(endpoint)
    }

    fn find_erased(&self, wanted: &dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr> {
        self.find(wanted)
    }

    fn direct_erased(&self) -> Option<Direct<'_>> {
        self.direct()
    }
}
