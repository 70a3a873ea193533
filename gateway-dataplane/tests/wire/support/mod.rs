//! What the tests of the wire share: clients and backends of raw bytes, and a proxy in between.

pub(crate) mod backend;
pub(crate) mod client;
pub(crate) mod h2;
pub(crate) mod h2_backend;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use gateway_dataplane::{Limits, Proxy};

use self::backend::{Backend, Reply};
use self::client::Client;
use crate::ir::{address, builder, simple};

/// A proxy that sends every request to one backend.
pub(crate) struct Rig {
    pub(crate) proxy: Proxy,
    pub(crate) at: SocketAddr,
    pub(crate) backend: Backend,
}

impl Rig {
    /// Whose backend answers `ok`.
    pub(crate) async fn new() -> Self {
        Self::answering(Reply::OK).await
    }

    /// Whose backend gives one answer to everything.
    pub(crate) async fn answering(reply: Reply) -> Self {
        Self::with(reply, |_| {}).await
    }

    /// The same, with other limits.
    pub(crate) async fn with(reply: Reply, change: impl FnOnce(&mut Limits)) -> Self {
        let backend = Backend::start(reply).await;
        let mut limits = Limits::default();
        change(&mut limits);
        let proxy = builder().workers(1).limits(limits).start().unwrap();
        let at = address(&proxy.apply(&simple(&[backend.address])));
        Self { proxy, at, backend }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.at).await
    }

    /// Sends `bytes` and another request behind them; they have to be answered with `status` and the
    /// end of the connection, and nothing may have arrived at the backend.
    pub(crate) async fn refuses(&self, status: u16, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        let before = self.backend.bytes().len();
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.send(SMUGGLED).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{shown:?} was answered {answer:?}");
        let rest = client.rest().await;
        assert!(rest.is_empty(), "{shown:?}: more than one answer: {rest:?}");
        let arrived = self.backend.bytes().split_off(before);
        assert!(arrived.is_empty(), "{shown:?} arrived as {arrived:?}");
    }

    /// The proxy answers whoever else asks.
    pub(crate) async fn still_serves(&self) {
        let mut client = self.connect().await;
        client.send(get("/alive")).await;
        assert_eq!(client.answer().await.status, 200);
    }
}

/// A request that no backend may ever see.
pub(crate) const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: a.example\r\n\r\n";

/// A request for `path`.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n")
}

/// A `POST` with these header lines, each with its line end, and what follows the head.
pub(crate) fn post(lines: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n{body}")
}

/// Bounds the wait for what has to happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
