//! Backends that speak HTTP/2, and a proxy in front of them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gateway_dataplane::{Limits, Proxy};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};

use crate::ir::{address, backend, builder, h2c, ir, listener, origin, rule, to};

/// A proxy in front of endpoints that speak HTTP/2.
pub(crate) fn in_front_of(
    endpoints: &[SocketAddr],
    change: impl FnOnce(&mut Limits),
) -> (Proxy, SocketAddr) {
    let mut limits = Limits::default();
    change(&mut limits);
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let ir = ir(vec![listener], vec![h2c(backend("a", endpoints))]);
    let proxy = builder().workers(1).limits(limits).start().unwrap();
    let at = address(&proxy.apply(&ir));
    (proxy, at)
}

/// One request that arrived: on which connection, and how many had come on it before.
pub(crate) struct Asked {
    pub(crate) connection: usize,
    pub(crate) before: usize,
    pub(crate) request: Request<RecvStream>,
    pub(crate) send: SendResponse<Bytes>,
}

impl Asked {
    /// Answers with `text`.
    pub(crate) fn say(mut self, text: impl Into<Bytes>) {
        let response = Response::new(());
        let mut stream = self.send.send_response(response, false).unwrap();
        stream.send_data(text.into(), true).unwrap();
    }

    /// The whole body of the request.
    pub(crate) async fn body(&mut self) -> String {
        let mut whole = Vec::new();
        while let Some(data) = self.request.body_mut().data().await {
            let data = data.unwrap();
            self.request
                .body_mut()
                .flow_control()
                .release_capacity(data.len())
                .unwrap();
            whole.extend_from_slice(&data);
        }
        String::from_utf8(whole).unwrap()
    }
}

/// A backend of HTTP/2 that takes so many streams a connection; `left` is called when one closes.
pub(crate) async fn backend_of<F>(
    streams: u32,
    handle: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    left: impl Fn() + Clone + Send + Sync + 'static,
) -> origin::Origin
where
    F: Future<Output = ()> + Send + 'static,
{
    let connections = Arc::new(AtomicUsize::new(0));
    origin::raw(move |stream| {
        let (handle, left, connections) = (handle.clone(), left.clone(), Arc::clone(&connections));
        async move {
            let connection = connections.fetch_add(1, Ordering::SeqCst);
            let mut builder = h2::server::Builder::new();
            let builder = builder.max_concurrent_streams(streams);
            let mut server = builder.handshake(stream).await.unwrap();
            let mut before = 0;
            while let Some(Ok((request, send))) = server.accept().await {
                let asked = Asked {
                    connection,
                    before,
                    request,
                    send,
                };
                tokio::spawn(handle(asked));
                before += 1;
            }
            left();
        }
    })
    .await
}
