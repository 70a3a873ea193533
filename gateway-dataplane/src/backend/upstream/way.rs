//! The way to the endpoints of a backend: a stream, and TLS on it.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir;
use rustix::io::Errno;
use tokio::time::timeout;

use super::connect::{Connect, ConnectTarget};
use super::endpoint::Endpoint;
use super::tls::{Inside, Secured, TlsClient};
use crate::backend::{BackendError, BackendErrorKind, Payload};

/// How the endpoints of one backend are connected to.
pub(super) struct Way<C> {
    connect: Arc<C>,
    /// The backend; who its endpoints are is known elsewhere.
    backend: Arc<ir::Backend>,
    /// In clear, by TLS, or by TLS that cannot be had.
    tls: Option<Result<TlsClient, String>>,
}

impl<C: Connect> Way<C> {
    pub(super) fn new(connect: &Arc<C>, backend: &Arc<ir::Backend>) -> Self {
        let tls = backend.tls.as_ref();
        Self {
            connect: Arc::clone(connect),
            tls: tls.map(|tls| TlsClient::new(tls, backend.protocol)),
            backend: Arc::clone(backend),
        }
    }

    /// Connects to `endpoint` within `limit`.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<Secured<C::Stream>, BackendError> {
        in_time(endpoint, limit, self.reach(endpoint)).await
    }

    /// Connects for HTTP, by TLS where that is asked for, however long it takes.
    pub(super) async fn reach(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Secured<C::Stream>, BackendError> {
        self.open(endpoint, self.tls.as_ref(), Inside::Http).await
    }

    /// The same for the bytes of a client.
    pub(super) async fn tunnel(
        &self,
        endpoint: &Endpoint,
        payload: Payload,
    ) -> Result<Secured<C::Stream>, BackendError> {
        let around = match payload {
            Payload::Clear => self.tls.as_ref(),
            Payload::Tls => None,
        };
        self.open(endpoint, around, Inside::Bytes).await
    }

    async fn open(
        &self,
        endpoint: &Endpoint,
        tls: Option<&Result<TlsClient, String>>,
        inside: Inside,
    ) -> Result<Secured<C::Stream>, BackendError> {
        let address = endpoint.address();
        let untrusted = |what: &dyn fmt::Display| {
            let what = format!("no TLS with {address}: {what}");
            BackendError::new(BackendErrorKind::Untrusted, what)
        };
        let client = match tls {
            None => None,
            Some(Ok(client)) => Some(client),
            Some(Err(why)) => return Err(untrusted(why)),
        };
        let target = ConnectTarget {
            endpoint: endpoint.spec(),
            backend: &self.backend,
            address,
        };
        let stream = self.connect.connect(&target).await.map_err(|error| {
            let what = format!("cannot connect to {address}: {error}");
            let kind = match is_local(&error) {
                true => BackendErrorKind::Local,
                false => BackendErrorKind::Connect,
            };
            BackendError::new(kind, what).because(error)
        })?;
        let Some(client) = client else {
            return Ok(Secured::Clear(stream));
        };
        let secured = client.secure(stream, endpoint.spec(), inside).await;
        let secured = secured.map_err(|error| untrusted(&error).because(error))?;
        Ok(Secured::Tls(Box::new(secured)))
    }
}

/// What connecting to `endpoint` comes to, if that is within `limit`.
pub(super) async fn in_time<T>(
    endpoint: &Endpoint,
    limit: Duration,
    connecting: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    timeout(limit, connecting).await.unwrap_or_else(|_elapsed| {
        let what = format!("no connection to {} within {limit:?}", endpoint.address());
        Err(BackendError::new(BackendErrorKind::Connect, what))
    })
}

/// Is it this machine that lacks something, rather than the endpoint that cannot be reached?
fn is_local(error: &io::Error) -> bool {
    let lacking = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    Errno::from_io_error(error).is_some_and(|errno| lacking.contains(&errno))
}
