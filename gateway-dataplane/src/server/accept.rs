//! From a connection that was accepted to requests.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::poll_fn;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use super::greet::{Greeted, greet};
use super::listening::Served;
use super::sniff::{Protocol, sniff};
use super::watch::{Order, Registration, Watch};
use super::worker::Worker;
use super::{http1, tcp};
use crate::backend::MakeBackend;
use crate::codec::h1::{Side, Stream};
use crate::forward::{ConnectionInfo, Current, View, forward};
use crate::observe::ObservedStream;
use crate::table::Chosen;

/// A connection that was accepted.
pub(super) struct Client<M: MakeBackend> {
    registration: Registration,
    info: ConnectionInfo,
    worker: Arc<Worker<M>>,
    view: Arc<View<M::Backend>>,
}

impl<M: MakeBackend> Client<M> {
    /// A client at `peer`, who came by a socket that leads to what is `served`.
    pub(super) fn new(
        worker: &Arc<Worker<M>>,
        served: &mut Served<M::Backend>,
        permit: OwnedSemaphorePermit,
        peer: SocketAddr,
    ) -> Self {
        Self {
            registration: worker.registry.watch(served.id, permit),
            info: ConnectionInfo::new(peer, served.key).on_worker(worker.index),
            worker: Arc::clone(worker),
            view: served.current.view(),
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(self, stream: TcpStream) {
        if self.view.table.is_tls() {
            // Boxed, as a connection in clear has no use for the room.
            Box::pin(self.greet(stream)).await;
        } else if let Some(route) = self.view.table.tcp() {
            let chosen = route.choose();
            let side = Side::new(Stream::new(stream), [][..].into());
            Box::pin(self.pass_on(chosen, side)).await;
        } else {
            self.serve_clear(stream).await;
        }
    }

    async fn greet(self, stream: TcpStream) {
        let limits = self.worker.limits();
        let (time, bytes) = (limits.tls_handshake, limits.client_hello);
        let greeting = tokio::time::timeout(time, Box::pin(greet(&self.view, stream, bytes)));
        let client = self.info.peer;
        match unless_stopped(self.registration.watch(), greeting).await {
            Some(Ok(Ok(Greeted::Http(stream)))) => self.serve_tls(stream).await,
            Some(Ok(Ok(Greeted::Stream(chosen, side)))) => self.pass_on(*chosen, *side).await,
            Some(Ok(Err(error))) => tracing::debug!(%client, %error, "a connection was refused"),
            Some(Err(_)) | None => {}
        }
    }

    /// Passes the connection on as a tunnel: it may go without a byte for as long as one. The table is not needed
    /// for that.
    async fn pass_on(self, chosen: Chosen<Arc<M::Backend>>, mut side: Side) {
        drop(self.view);
        let (watch, client) = (self.registration.watch(), self.info.peer);
        watch.begin();
        side.stream = side.stream.watched(Arc::clone(watch));
        let audience = &self.worker.forwarder.options().audience;
        let mut observed = ObservedStream::begin(audience, &self.info, &chosen);
        let payload = chosen.payload();
        let forwarding = Box::pin(tcp::forward(
            chosen.backend,
            payload,
            self.worker.index,
            side,
            &mut observed,
        ));
        match unless_stopped(watch, forwarding).await {
            Some(Ok((sent, received))) => {
                tracing::debug!(%client, sent, received, "a connection closed");
            }
            Some(Err(error)) => tracing::debug!(%client, %error, "a connection was closed"),
            None => tracing::debug!(%client, "a connection was ended"),
        }
    }

    async fn serve_clear(self, stream: TcpStream) {
        let Self {
            registration,
            info,
            worker,
            view,
        } = self;
        let mut stream = stream;
        let Some((protocol, ahead)) = sniff(&mut stream, registration.watch()).await else {
            return;
        };
        let stream = Stream::new(stream);
        let serving = serve(worker, view, info, protocol, stream, &ahead, registration);
        // A connection lasts, and what was read first is elsewhere now.
        drop(ahead);
        serving.await;
    }

    async fn serve_tls(self, stream: Box<TlsStream<TcpStream>>) {
        let (_, session) = stream.get_ref();
        let protocol = match session.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        let info = self.info.over_tls(session.server_name());
        let (worker, view, registration) = (self.worker, self.view, self.registration);
        serve(
            worker,
            view,
            info,
            protocol,
            Stream::new(*stream),
            &[],
            registration,
        )
        .await;
    }
}

/// `None`: the connection is told to stop.
async fn unless_stopped<F: Future>(watch: &Watch, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match watch.poll_order(cx) {
        Order::Stop => Poll::Ready(None),
        Order::Serve | Order::Finish => future.as_mut().poll(cx).map(Some),
    })
    .await
}

/// Serves the requests of a connection, of which `ahead` was read already. Boxed, so that what was needed to
/// get here takes no room any more.
fn serve<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    view: Arc<View<M::Backend>>,
    mut info: ConnectionInfo,
    protocol: Protocol,
    stream: Stream,
    ahead: &[u8],
    registration: Registration,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let watch = Arc::clone(registration.watch());
    info.watch = Some(Arc::clone(&watch));
    let current = worker.forwarder.current(view, info.worker, info.socket);
    let side = Side::new(stream.watched(Arc::clone(&watch)), ahead.into());
    match protocol {
        Protocol::Http1 => Box::pin(async move {
            let _registered = registration;
            let options = worker.forwarder.options();
            http1::serve(options, current, &info, &watch, side).await;
        }),
        Protocol::Http2 => Box::pin(async move {
            let _registered = registration;
            serve_http2(&worker, current, info, side, &watch).await;
        }),
    }
}

async fn serve_http2<M: MakeBackend>(
    worker: &Worker<M>,
    current: Current<M::Backend>,
    info: ConnectionInfo,
    stream: Side,
    watch: &Arc<Watch>,
) {
    let (info, current) = (Arc::new(info), RefCell::new(current));
    let forwarder = Arc::clone(&worker.forwarder);
    let handle = move |request| {
        let view = current.borrow_mut().view();
        let (forwarder, info) = (Arc::clone(&forwarder), Arc::clone(&info));
        async move { forward(forwarder.options(), &view.table, &info, request).await }
    };
    worker.http2.serve(stream, watch, handle).await;
}
