//! Opening a stream to an endpoint.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use gateway_model::Hostname;
use gateway_resolve::ir;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Opens streams to endpoints that have an address; those at paths are connected to without it. One that adds a PROXY
/// header wraps another.
pub trait Connect: Send + Sync + 'static {
    /// What it opens.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Connects to `target`. The caller bounds the time, and speaks TLS on the stream where that is due.
    ///
    /// # Errors
    /// No connection could be made.
    fn connect(
        &self,
        target: &ConnectTarget<'_>,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Where a stream has to lead, and what will be spoken on it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ConnectTarget<'a> {
    /// The endpoint.
    pub endpoint: &'a ir::Endpoint,
    /// The backend that it belongs to: its protocol and settings.
    pub backend: &'a ir::Backend,
    /// Where the endpoint is: the address that it has, or one of those that its name has.
    pub address: SocketAddr,
}

impl<'a> ConnectTarget<'a> {
    /// The TLS that will be spoken: what the endpoint's certificate is held to.
    pub fn tls(&self) -> Option<&'a ir::BackendTls> {
        self.backend.tls.as_ref()
    }

    /// The name that is asked for by TLS: the endpoint's own, else that of its backend.
    pub fn server_name(&self) -> Option<&'a Hostname> {
        let tls = self.tls()?;
        let own = self.endpoint.server_name.as_ref();
        own.or(tls.server_name.as_ref())
    }
}

/// Plain TCP, without Nagle's delay.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnect;

impl Connect for TcpConnect {
    type Stream = TcpStream;

    async fn connect(&self, target: &ConnectTarget<'_>) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        if let Some(asked) = &target.backend.settings.keepalive {
            let socket = SockRef::from(&stream);
            socket.set_tcp_keepalive(&keepalive(asked.value))?;
        }
        Ok(stream)
    }
}

fn keepalive(asked: ir::Keepalive) -> TcpKeepalive {
    let mut keepalive = TcpKeepalive::new();
    if let Some(after) = asked.after {
        keepalive = keepalive.with_time(after);
    }
    if let Some(every) = asked.every {
        keepalive = keepalive.with_interval(every);
    }
    if let Some(probes) = asked.probes {
        keepalive = keepalive.with_retries(probes);
    }
    keepalive
}
