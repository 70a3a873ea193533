//! What one backend may have open, and what the gateway itself lacks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway_dataplane::backend::upstream::{Connect, ConnectTarget, TcpConnect, Upstreams};
use gateway_dataplane::{Limits, Proxy};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::ir::{address, backend, builder, h2c, ir, listener, origin, rule, simple, to};
use crate::support::client::Client;
use crate::support::{get, soon};

/// An origin that tells of requests, and answers when it may.
async fn gated() -> (origin::Origin, UnboundedReceiver<()>, Arc<Semaphore>) {
    let (asked, arrived) = unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let origin = origin::http(move |_| {
        asked.send(()).unwrap();
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.unwrap().forget();
            http::Response::new(http_body_util::Full::<bytes::Bytes>::from("ok"))
        }
    })
    .await;
    (origin, arrived, go)
}

/// A proxy whose one worker does one thing after the other.
fn proxy_with(change: impl FnOnce(&mut Limits)) -> Proxy {
    let mut limits = Limits::default();
    change(&mut limits);
    builder().workers(1).limits(limits).start().unwrap()
}

async fn asking(at: std::net::SocketAddr) -> Client {
    let mut client = Client::connect(at).await;
    client.send(get("/")).await;
    client
}

/// Sends two requests, a third that has to be refused, and one more when there is room again.
async fn takes_two(multiplexed: bool, change: impl FnOnce(&mut Limits)) {
    let (origin, mut arrived, go) = gated().await;
    let mut backend = backend("a", &[origin.address]);
    if multiplexed {
        backend = h2c(backend);
    }
    let proxy = proxy_with(change);
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let at = address(&proxy.apply(&ir(vec![listener], vec![backend])));
    let mut open = [asking(at).await, asking(at).await];
    for _ in 0..2 {
        soon("a request", arrived.recv()).await.unwrap();
    }
    let mut refused = asking(at).await;
    assert_eq!(refused.answer().await.status, 503);
    go.add_permits(3);
    for client in &mut open {
        assert_eq!(client.answer().await.status, 200);
    }
    refused.send(get("/")).await;
    assert_eq!(refused.answer().await.status, 200);
}

#[tokio::test]
async fn a_backend_has_so_many_requests_open_and_no_more() {
    for multiplexed in [false, true] {
        takes_two(multiplexed, |limits| limits.backend_requests = 2).await;
    }
}

#[tokio::test]
async fn a_backend_has_so_many_connections_and_no_more() {
    takes_two(false, |limits| limits.backend_connections = 2).await;
    takes_two(true, |limits| {
        (limits.backend_connections, limits.upstream_h2_streams) = (2, 1);
    })
    .await;
}

/// A backend takes half of what all may have at most, so that there is something left for another.
#[tokio::test]
async fn a_backend_leaves_as_many_connections_to_others_as_it_has() {
    takes_two(false, |limits| limits.upstream_connections = 4).await;
    takes_two(true, |limits| {
        (limits.upstream_connections, limits.upstream_h2_streams) = (4, 1);
    })
    .await;
}

/// The bound is one of the backend, not of what is configured: an edit forgets nobody.
#[tokio::test]
async fn what_is_open_still_counts_when_endpoints_change() {
    let (origin, mut arrived, go) = gated().await;
    let proxy = proxy_with(|limits| limits.backend_requests = 1);
    let at = address(&proxy.apply(&simple(&[origin.address])));
    let mut open = asking(at).await;
    soon("a request", arrived.recv()).await.unwrap();
    let other = origin::says("other").await;
    proxy.apply(&simple(&[other.address]));
    assert_eq!(asking(at).await.answer().await.status, 503);
    go.add_permits(1);
    assert_eq!(open.answer().await.status, 200);
    assert_eq!(asking(at).await.answer().await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_another() {
    let (a, b) = (origin::says("a").await, origin::says("b").await);
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    for protocol in [|backend| backend, h2c] {
        let backend = protocol(backend("a", &[a.address, b.address]));
        let proxy = proxy_with(|limits| limits.backend_connections = 1);
        let at = address(&proxy.apply(&ir(vec![listener.clone()], vec![backend])));
        let mut client = Client::connect(at).await;
        for _ in 0..6 {
            client.send(get("/")).await;
            assert_eq!(client.answer().await.status, 200);
        }
    }
}

/// A connector to whom the system gives no descriptor for the first few times.
struct Poor(AtomicUsize, i32);

impl Connect for Poor {
    type Stream = TcpStream;

    async fn connect(&self, target: &ConnectTarget<'_>) -> io::Result<TcpStream> {
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match left {
            Ok(_) => Err(io::Error::from_raw_os_error(self.1)),
            Err(_) => TcpConnect.connect(target).await,
        }
    }
}

/// EMFILE and ENFILE are the gateway's own trouble (connect(2)): no endpoint is taken out of rotation for it.
#[tokio::test]
async fn a_lack_of_descriptors_ejects_no_endpoint() {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    for (errno, multiplexed) in [(EMFILE, false), (ENFILE, false), (EMFILE, true)] {
        let (a, b) = (origin::says("a").await, origin::says("b").await);
        let mut limits = Limits::default();
        limits.eject_after = 1;
        let poor = Poor(AtomicUsize::new(1), errno);
        let proxy = builder().workers(1).limits(limits);
        let proxy = proxy.start_with(Upstreams::over(poor)).unwrap();
        let mut backend = backend("a", &[a.address, b.address]);
        if multiplexed {
            backend = h2c(backend);
        }
        let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
        let at = address(&proxy.apply(&ir(vec![listener], vec![backend])));
        let mut client = Client::connect(at).await;
        client.send(get("/")).await;
        assert_eq!(client.answer().await.status, 503);
        for _ in 0..4 {
            client.send(get("/")).await;
            assert_eq!(client.answer().await.status, 200);
        }
        assert_eq!((a.connections(), b.connections()), (1, 1));
    }
}
