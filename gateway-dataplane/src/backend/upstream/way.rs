//! The way to the endpoints of a backend: a stream, and TLS on it.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir;
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::connect::{Connect, ConnectTarget};
use super::endpoint::Endpoint;
use super::proxy_header::{self, Ends};
use super::tls::{Inside, Secured, TlsClient};
use super::tunnel;
use crate::backend::{BackendError, BackendErrorKind, Io, Payload};

/// How the endpoints of one backend are connected to.
pub(super) struct Way<C> {
    connect: Arc<C>,
    /// The backend; who its endpoints are is known elsewhere.
    backend: Arc<ir::Backend>,
    /// In clear, by TLS, or by TLS that cannot be had.
    tls: Option<Result<TlsClient, String>>,
    tunnel: Option<Tunnel>,
}

/// What endpoints are asked for a tunnel to, and the TLS in which they are asked.
struct Tunnel {
    asked: ir::TunnelThrough,
    tls: Option<Result<TlsClient, String>>,
}

impl<C: Connect> Way<C> {
    pub(super) fn new(connect: &Arc<C>, backend: &Arc<ir::Backend>) -> Self {
        let tls = backend.tls.as_ref();
        Self {
            connect: Arc::clone(connect),
            tls: tls.map(TlsClient::new),
            tunnel: backend.settings.tunnel.as_deref().map(|asked| Tunnel {
                asked: asked.value.clone(),
                tls: asked.value.tls.as_ref().map(TlsClient::new),
            }),
            backend: Arc::clone(backend),
        }
    }

    /// Connects to `endpoint` within `limit`.
    pub(super) async fn connect(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
        ends: Option<Ends>,
    ) -> Result<Secured<C::Stream>, BackendError> {
        in_time(endpoint, limit, self.reach(endpoint, Inside::Http1, ends)).await
    }

    /// Connects for what is spoken, by TLS where that is asked for, on behalf of a client or not, however long it
    /// takes.
    pub(super) async fn reach(
        &self,
        endpoint: &Endpoint,
        inside: Inside,
        ends: Option<Ends>,
    ) -> Result<Secured<C::Stream>, BackendError> {
        self.open(endpoint, self.tls.as_ref(), inside, ends).await
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
        self.open(endpoint, around, Inside::Bytes, None).await
    }

    async fn open(
        &self,
        endpoint: &Endpoint,
        tls: Option<&Result<TlsClient, String>>,
        inside: Inside,
        ends: Option<Ends>,
    ) -> Result<Secured<C::Stream>, BackendError> {
        let client = usable(tls, endpoint)?;
        if let Some(path) = endpoint.path() {
            let stream = UnixStream::connect(path).await;
            let stream: Box<dyn Io> = Box::new(stream.map_err(|error| unreached(endpoint, error))?);
            let opened = self.over(stream, endpoint, client, inside, ends).await?;
            return Ok(Secured::Tunnel(match opened {
                Secured::Clear(stream) | Secured::Tunnel(stream) => stream,
                Secured::Tls(stream) => stream,
            }));
        }
        let stream = self.dial(endpoint).await?;
        self.over(stream, endpoint, client, inside, ends).await
    }

    /// What comes first on a stream, and TLS on it.
    async fn over<S>(
        &self,
        mut stream: S,
        endpoint: &Endpoint,
        client: Option<&TlsClient>,
        inside: Inside,
        ends: Option<Ends>,
    ) -> Result<Secured<S>, BackendError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if let Some(version) = &self.backend.settings.proxy_header {
            let header = proxy_header::header(version.value, ends);
            let written = stream.write_all(&header).await;
            written.map_err(|error| unreached(endpoint, error))?;
        }
        if let Some(tunnel) = &self.tunnel {
            return tunnel.through(stream, endpoint, client, inside).await;
        }
        match client {
            None => Ok(Secured::Clear(stream)),
            Some(client) => {
                let secured = secure(client, stream, endpoint, inside).await?;
                Ok(Secured::Tls(Box::new(secured)))
            }
        }
    }

    async fn dial(&self, endpoint: &Endpoint) -> Result<C::Stream, BackendError> {
        let target = ConnectTarget {
            endpoint: endpoint.spec(),
            backend: &self.backend,
            address: endpoint.address(),
        };
        let stream = self.connect.connect(&target).await;
        stream.map_err(|error| unreached(endpoint, error))
    }
}

impl Tunnel {
    /// Asks for the tunnel, and speaks TLS in it where that is asked for.
    async fn through<S>(
        &self,
        stream: S,
        endpoint: &Endpoint,
        client: Option<&TlsClient>,
        inside: Inside,
    ) -> Result<Secured<S>, BackendError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut outer: Box<dyn Io> = match usable(self.tls.as_ref(), endpoint)? {
            None => Box::new(stream),
            Some(outer) => Box::new(secure(outer, stream, endpoint, Inside::Http1).await?),
        };
        let begun = tunnel::begin(&mut outer, &self.asked).await;
        begun.map_err(|error| unreached(endpoint, error))?;
        Ok(Secured::Tunnel(match client {
            None => outer,
            Some(client) => Box::new(secure(client, outer, endpoint, inside).await?),
        }))
    }
}

/// The client, unless TLS cannot be had.
fn usable<'t>(
    tls: Option<&'t Result<TlsClient, String>>,
    endpoint: &Endpoint,
) -> Result<Option<&'t TlsClient>, BackendError> {
    let tls = tls.map(Result::as_ref).transpose();
    tls.map_err(|why| untrusted(endpoint, why))
}

async fn secure<S>(
    client: &TlsClient,
    stream: S,
    endpoint: &Endpoint,
    inside: Inside,
) -> Result<TlsStream<S>, BackendError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let secured = client.secure(stream, endpoint.spec(), inside).await;
    secured.map_err(|error| untrusted(endpoint, &error).because(error))
}

fn untrusted(endpoint: &Endpoint, what: &dyn fmt::Display) -> BackendError {
    let what = format!("no TLS with {endpoint}: {what}");
    BackendError::new(BackendErrorKind::Untrusted, what)
}

fn unreached(endpoint: &Endpoint, error: io::Error) -> BackendError {
    let what = format!("cannot connect to {endpoint}: {error}");
    let kind = match is_local(&error) {
        true => BackendErrorKind::Local,
        false => BackendErrorKind::Connect,
    };
    BackendError::new(kind, what).because(error)
}

/// What connecting to `endpoint` comes to, if that is within `limit`.
pub(super) async fn in_time<T>(
    endpoint: &Endpoint,
    limit: Duration,
    connecting: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    timeout(limit, connecting).await.unwrap_or_else(|_elapsed| {
        let what = format!("no connection to {endpoint} within {limit:?}");
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
