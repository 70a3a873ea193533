//! From a connection that was accepted to requests.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use futures_util::future::poll_fn;
use gateway_resolve::ir::{HttpVersion, ProxyProtocol};
use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use super::greet::{Greeted, Passed, greet};
use super::http2::Http2;
use super::listening::Served;
use super::proxied::Proxied;
use super::sniff::{Protocol, sniff};
use super::watch::{Order, Registration, Watch};
use super::worker::Worker;
use super::{http1, tcp};
use crate::Limits;
use crate::backend::MakeBackend;
use crate::codec::h1::{Buffer, Rules, Side, Stream};
use crate::conduct::{Conduct, Seat, Turned, shown};
use crate::forward::{ConnectionInfo, Current, Kept, View, forward};
use crate::log::LoggedConnection;
use crate::observe::{Observed, ObservedStream};
use crate::table::{Chosen, StreamRoute};

/// Serves a connection to its end.
type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Finds out how to serve a connection. `None`: not at all.
type Meeting = Pin<Box<dyn Future<Output = Option<Serving>> + Send>>;

/// A connection that was accepted.
pub(super) struct Client<M: MakeBackend> {
    registration: Registration,
    info: ConnectionInfo,
    worker: Arc<Worker<M>>,
    view: Arc<View<M::Backend>>,
    /// Its place, where there are not any number.
    seat: Option<Seat>,
}

impl<M: MakeBackend> Client<M> {
    /// A client at `peer`, who came by a socket that leads to what is `served`.
    pub(super) fn new(
        worker: &Arc<Worker<M>>,
        served: &mut Served<M::Backend>,
        permit: OwnedSemaphorePermit,
        peer: SocketAddr,
    ) -> Self {
        let mut info = ConnectionInfo::new(peer, served.key).on_worker(worker.index);
        info.id = worker.next_connection();
        Self {
            registration: worker.registry.watch(served.id, permit),
            info,
            worker: Arc::clone(worker),
            view: served.current.view(),
            seat: None,
        }
    }

    /// Serves the connection to its end.
    pub(super) fn serve(self, stream: TcpStream) -> impl Future<Output = ()> + Send {
        let meeting = self.meet(stream);
        async move {
            // What was needed to get there takes no room any more.
            if let Some(serving) = meeting.await {
                serving.await;
            }
        }
    }

    fn meet(self, stream: TcpStream) -> Meeting {
        match self.view.table.proxy_protocol() {
            None => self.meet_directly(stream),
            Some(_) => Box::pin(self.learn(stream)),
        }
    }

    /// Reads where the connection comes from.
    async fn learn(mut self, mut stream: TcpStream) -> Option<Serving> {
        let limit = self.worker.limits().tls_handshake;
        let reading = tokio::time::timeout(limit, Proxied::read(&mut stream));
        let client = self.info.peer;
        let proxied = match unless_stopped(self.registration.watch(), reading).await? {
            Ok(Ok(proxied)) => proxied,
            Ok(Err(error)) => {
                tracing::debug!(%client, %error, "a connection was refused");
                return None;
            }
            Err(_elapsed) => return None,
        };
        if let Some(protocol) = self.view.table.proxy_protocol() {
            self.info.metadata = kept(protocol, &proxied);
        }
        if let Some(client) = proxied.client {
            self.info = self.info.really_from(client);
        }
        self.meet_directly(stream).await
    }

    fn meet_directly(mut self, stream: TcpStream) -> Meeting {
        if self.view.table.is_tls() {
            return Box::pin(self.greet(stream));
        }
        if let Some(conduct) = self.view.table.opening(None) {
            match conduct.gate().enter(Instant::now()) {
                Ok(seat) => self.seat = seat,
                Err(turned) => return Box::pin(self.turn_away(stream, turned)),
            }
            self.info.conduct = Some(Arc::clone(conduct));
        }
        let watch = Arc::clone(self.registration.watch());
        let side = Side::new(Stream::new(stream).watched(watch), Buffer::new());
        match self.view.table.tcp().map(StreamRoute::choose) {
            Some(chosen) => Box::pin(async move { Some(self.pass_on(chosen, side)) }),
            None => Box::pin(self.sniff(side)),
        }
    }

    async fn greet(self, stream: TcpStream) -> Option<Serving> {
        let limits = self.worker.limits();
        let (time, bytes) = (limits.tls_handshake, limits.client_hello);
        let greeting = tokio::time::timeout(time, Box::pin(greet(&self.view, stream, bytes)));
        let client = self.info.peer;
        match unless_stopped(self.registration.watch(), greeting).await? {
            Ok(Ok(Greeted::Http(stream, seat))) => Some(self.serve_tls(*stream, seat)),
            Ok(Ok(Greeted::Turned(stream, turned))) => self.turn_away(stream, turned).await,
            Ok(Ok(Greeted::Stream(passed))) => Some(self.pass_on_tls(*passed)),
            Ok(Err(error)) => {
                tracing::debug!(%client, %error, "a connection was refused");
                None
            }
            Err(_elapsed) => None,
        }
    }

    /// Closes a connection that there is no place for.
    async fn turn_away(self, stream: TcpStream, turned: Turned) -> Option<Serving> {
        let client = self.info.peer;
        tracing::debug!(%client, "a connection is one too many");
        unless_stopped(self.registration.watch(), tokio::time::sleep(turned.0)).await;
        drop(stream);
        None
    }

    async fn sniff(self, mut side: Side) -> Option<Serving> {
        let protocol = sniff(&mut side, self.registration.watch()).await?;
        Some(self.speak(protocol, side))
    }

    fn serve_tls(mut self, stream: TlsStream<TcpStream>, seat: Option<Seat>) -> Serving {
        self.seat = seat;
        let (_, session) = stream.get_ref();
        let protocol = match session.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        self.info = self.info.over_tls(session.server_name());
        self.info.conduct = self.view.table.opening(session.server_name()).cloned();
        self.info.headers.certificate = self.notice(session);
        let watch = Arc::clone(self.registration.watch());
        let side = Side::new(Stream::new(stream).watched(watch), Buffer::new());
        self.speak(protocol, side)
    }

    /// What is told of the certificate that a client has shown. One that nobody has looked at is none.
    fn notice(&self, session: &ServerConnection) -> Option<Arc<str>> {
        let notice = self.info.conduct.as_ref()?.certificate_notice()?;
        let listener = self.view.table.listener_for_sni(session.server_name())?;
        let clients = listener.ir().stack.tls()?.clients.as_ref();
        let chain = session
            .peer_certificates()
            .filter(|_| clients.is_some_and(|clients| clients.mandatory))?;
        shown::notice(notice, chain).map(Into::into)
    }

    fn pass_on_tls(mut self, passed: Passed<M::Backend>) -> Serving {
        let Passed {
            chosen,
            mut side,
            name,
            conduct,
        } = passed;
        let watch = Arc::clone(self.registration.watch());
        side.stream = side.stream.watched(watch);
        self.info = self.info.over_tls(name.as_deref());
        self.info.conduct = conduct;
        self.pass_on(chosen, side)
    }

    /// Passes the connection on as a tunnel: it may go without a byte for as long as one. The table is not needed
    /// for that.
    fn pass_on(self, chosen: Chosen<Arc<M::Backend>>, side: Side) -> Serving {
        let Self {
            registration,
            info,
            worker,
            view: _,
            seat: _,
        } = self;
        Box::pin(async move {
            let (watch, client) = (registration.watch(), info.peer);
            watch.begin();
            let _logged = LoggedConnection::begin(&info);
            let audience = &worker.forwarder.options().audience;
            let mut observed = ObservedStream::begin(audience, &info, &chosen);
            let (payload, backend) = (chosen.payload(), chosen.backend);
            let forwarding = tcp::forward(backend, payload, worker.index, side, &mut observed);
            match unless_stopped(watch, forwarding).await {
                Some(Ok((sent, received))) => {
                    tracing::debug!(%client, sent, received, "a connection closed");
                }
                Some(Err(error)) => tracing::debug!(%client, %error, "a connection was closed"),
                None => tracing::debug!(%client, "a connection was ended"),
            }
        })
    }

    /// Serves the requests of a connection. What lasts as long as it does lies in the future once.
    fn speak(self, protocol: Protocol, side: Side) -> Serving {
        let Self {
            registration,
            mut info,
            worker,
            view,
            seat,
        } = self;
        let logged = LoggedConnection::begin(&info);
        info.watch = Some(Arc::clone(registration.watch()));
        let mut current = worker.forwarder.current(view, info.worker, info.socket);
        let terms = Terms::new(
            worker.limits(),
            info.conduct.as_deref(),
            registration.watch(),
        );
        match terms.only.unwrap_or(protocol) {
            Protocol::Http1 => {
                let linger = terms.limits.linger;
                let mut client = http1::client(&terms.limits, terms.rules, side);
                Box::pin(async move {
                    let options = worker.forwarder.options();
                    let watch = registration.watch();
                    http1::serve(options, &mut current, &info, watch, &mut client, linger).await;
                    drop((seat, logged));
                })
            }
            Protocol::Http2 => {
                let own = info.conduct.is_some().then(|| Http2::new(&terms.limits));
                Box::pin(async move {
                    let http2 = own.as_ref().unwrap_or(&worker.http2);
                    let watch = registration.watch();
                    serve_http2(&worker, http2, current, info, side, watch).await;
                    drop((seat, logged));
                })
            }
        }
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

/// What is kept of a PROXY header, where the listener says so.
fn kept(protocol: &ProxyProtocol, proxied: &Proxied) -> Option<Arc<[Kept]>> {
    let found = protocol.kept.iter().filter_map(|rule| {
        let mut tlvs = proxied.tlvs.iter();
        let (_, value) = tlvs.find(|(kind, _)| *kind == rule.kind)?;
        let value = String::from_utf8_lossy(value).into_owned();
        Some((rule.namespace.clone(), rule.key.clone(), value))
    });
    let found: Arc<[Kept]> = found.collect();
    (!found.is_empty()).then_some(found)
}

/// On which terms HTTP is spoken with a client.
struct Terms<'a> {
    limits: Cow<'a, Limits>,
    rules: Rules,
    only: Option<Protocol>,
}

impl<'a> Terms<'a> {
    /// Those of a connection that `watch` watches over.
    fn new(limits: &'a Limits, conduct: Option<&Conduct>, watch: &Watch) -> Self {
        let Some(conduct) = conduct else {
            return Self {
                limits: Cow::Borrowed(limits),
                rules: Rules::default(),
                only: None,
            };
        };
        let limits = conduct.limits(limits);
        watch.hold_to(&limits, conduct.life());
        let http1 = &conduct.protocols().http1;
        Self {
            limits: Cow::Owned(limits),
            rules: Rules {
                refuses_two_lengths: http1.refuses_two_lengths,
                capitalises: http1.capitalises,
            },
            only: conduct.only().map(|only| match only {
                HttpVersion::Http1 => Protocol::Http1,
                HttpVersion::Http2 => Protocol::Http2,
            }),
        }
    }
}

async fn serve_http2<M: MakeBackend>(
    worker: &Worker<M>,
    http2: &Http2,
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
        async move {
            forward(
                forwarder.options(),
                &view.table,
                &info,
                request,
                Observed::begin,
            )
            .await
        }
    };
    http2.serve(stream, watch, handle).await;
}
