//! What becomes of a TLS connection, which its ClientHello decides.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use gateway_resolve::ir::Stack;
use rustls::{AlertDescription, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::server::{StartHandshake, TlsStream};

use super::hello::{Hello, NoHello, alert};
use crate::codec::h1::{Side, Stream};
use crate::conduct::{Conduct, Seat, Turned};
use crate::forward::View;
use crate::table::{Chosen, Listener, StreamRoute};

/// A TLS connection once it is known who it is for.
pub(super) enum Greeted<B> {
    /// HTTP is spoken inside; the place of the connection, where there are not any number.
    Http(Box<TlsStream<TcpStream>>, Option<Seat>),
    /// There is no place for it.
    Turned(TcpStream, Turned),
    /// Its bytes, or those inside, are passed on.
    Stream(Box<Passed<B>>),
}

/// A connection that is passed on.
pub(super) struct Passed<B> {
    pub(super) chosen: Chosen<Arc<B>>,
    pub(super) side: Side,
    /// The server name that the client asked for.
    pub(super) name: Option<Box<str>>,
    /// How its listener deals with it, as far as settings say.
    pub(super) conduct: Option<Arc<Conduct>>,
}

/// Why a TLS connection was not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ungreeted {
    /// There is no ClientHello.
    #[error(transparent)]
    Hello(#[from] NoHello),
    /// Nothing is served under its server name.
    #[error("nothing is served as {}", .0.as_deref().unwrap_or("(no server name)"))]
    Unrecognized(Option<Box<str>>),
    /// The handshake failed.
    #[error("a TLS handshake failed: {0}")]
    Handshake(#[from] io::Error),
}

/// Reads the ClientHello, of at most `limit` bytes, and terminates TLS where that is due. A connection for a name that
/// is not served is closed, beside HTTPS after the alert that RFC 6066 section 3 has for it.
pub(super) async fn greet<B>(
    view: &View<B>,
    mut stream: TcpStream,
    limit: usize,
) -> Result<Greeted<B>, Ungreeted> {
    let hello = Hello::read(&mut stream, limit).await?;
    let Some(end) = end(view, &hello) else {
        if is_told(view) {
            alert(&mut stream, AlertDescription::UnrecognisedName).await?;
        }
        let name = hello.accepted.client_hello().server_name().map(Box::from);
        return Err(Ungreeted::Unrecognized(name));
    };
    let name = hello.accepted.client_hello().server_name().map(Box::from);
    let passed = |route: &StreamRoute<Arc<B>>, listener: &Listener<Arc<B>>, side| {
        Greeted::Stream(Box::new(Passed {
            chosen: route.choose(),
            side,
            name,
            conduct: listener.conduct().cloned(),
        }))
    };
    Ok(match end {
        End::Passthrough(listener, route) => {
            let side = Side::new(Stream::new(stream), hello.bytes[..].into());
            passed(route, listener, side)
        }
        End::Stream(listener, route, config) => {
            let stream = Stream::new(terminate(hello, stream, config).await?);
            passed(route, listener, Side::new(stream, [][..].into()))
        }
        End::Http(listener, config) => {
            let conduct = listener.conduct();
            match conduct.map(|conduct| conduct.gate().enter(Instant::now())) {
                Some(Err(turned)) => Greeted::Turned(stream, turned),
                seat => {
                    let seat = seat.and_then(Result::ok).flatten();
                    Greeted::Http(Box::new(terminate(hello, stream, config).await?), seat)
                }
            }
        }
    })
}

/// Is who asks for a name that is not served told so? TLSRoutes ask for the connection to be rejected, as by a server
/// that isn't there, and the alert would be an answer (TLSRoute `backendRefs`).
fn is_told<B>(view: &View<B>) -> bool {
    let mut listeners = view.table.listeners().iter();
    listeners.all(|listener| matches!(listener.ir().stack, Stack::Https { .. }))
}

async fn terminate(
    hello: Hello,
    stream: TcpStream,
    config: &Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let handshake = StartHandshake::from_parts(hello.accepted, stream);
    handshake.into_stream(Arc::clone(config)).await
}

/// Where TLS ends.
enum End<'v, B> {
    Http(&'v Listener<Arc<B>>, &'v Arc<ServerConfig>),
    Stream(
        &'v Listener<Arc<B>>,
        &'v StreamRoute<Arc<B>>,
        &'v Arc<ServerConfig>,
    ),
    Passthrough(&'v Listener<Arc<B>>, &'v StreamRoute<Arc<B>>),
}

/// `None`: no listener takes the name, or nothing is behind the one that does.
fn end<'v, B>(view: &'v View<B>, hello: &Hello) -> Option<End<'v, B>> {
    let hello = hello.accepted.client_hello();
    let at = view.table.position_for_sni(hello.server_name())?;
    let listener = &view.table.listeners()[at];
    let config = view.tls.get(at).and_then(Option::as_ref);
    match listener.ir().stack {
        Stack::Https { .. } => Some(End::Http(listener, config?)),
        Stack::TlsTerminate { .. } => {
            let route = listener.stream(hello.server_name())?;
            Some(End::Stream(listener, route, config?))
        }
        Stack::TlsPassthrough { .. } => {
            let route = listener.stream(hello.server_name())?;
            Some(End::Passthrough(listener, route))
        }
        Stack::Http { .. } | Stack::Tcp { .. } | Stack::Udp { .. } => None,
    }
}
