//! Origin servers whose answers a test decides.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// A server that closes with all its connections when dropped.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Origin {
    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that hands each connection to `handle`.
pub(crate) async fn raw<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Origin
where
    F: Future<Output = ()> + Send + 'static,
{
    raw_at((Ipv4Addr::LOCALHOST, 0).into(), handle).await
}

/// The same at an address.
async fn raw_at<F>(at: SocketAddr, handle: impl Fn(TcpStream) -> F + Send + 'static) -> Origin
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let task = tokio::spawn(async move {
        let mut served = tokio::task::JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            served.spawn(handle(stream));
        }
    });
    Origin {
        address,
        connections,
        task,
    }
}

/// A server of HTTP/1.1 and HTTP/2 in clear.
pub(crate) async fn http<H, F, B>(handle: H) -> Origin
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    http_at((Ipv4Addr::LOCALHOST, 0).into(), handle).await
}

/// The same at an address.
async fn http_at<H, F, B>(at: SocketAddr, handle: H) -> Origin
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    raw_at(at, move |stream| {
        let handle = handle.clone();
        async move {
            let service = service_fn(move |request| {
                let answer = handle(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let served = server.serve_connection_with_upgrades(TokioIo::new(stream), service);
            let _ended = served.await;
        }
    })
    .await
}

/// A server that answers `text`.
pub(crate) async fn says(text: &'static str) -> Origin {
    says_at(text, (Ipv4Addr::LOCALHOST, 0).into()).await
}

/// The same at an address.
pub(crate) async fn says_at(text: &'static str, at: SocketAddr) -> Origin {
    http_at(at, move |_| async move { Response::new(Full::from(text)) }).await
}

/// An address at which nobody listens: it is taken, so that nobody else can.
pub(crate) fn nobody() -> SocketAddr {
    static TAKEN: OnceLock<TcpSocket> = OnceLock::new();
    let socket = TAKEN.get_or_init(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket
    });
    socket.local_addr().unwrap()
}
