//! Stages that requests pass before a backend is picked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::admit::{Admit, Admitted, Asking, Edit, Refusal};
use gateway_dataplane::backend::{Attempt, Backend, BackendError, MakeBackend, Site};
use gateway_dataplane::table::SocketKey;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits, Proxy};
use gateway_resolve::ir::{self as ir_types, Ir};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::support::client::{Raw, get};
use crate::support::{
    address, backend, builder, ir, listener, origin, request_timeout, retried, rule, to,
};

/// Asks somebody else's thread, and says so to the backend.
struct Asks;

impl Admit for Asks {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            let key = request.head.fields.get("x-key").map(<[u8]>::to_vec);
            let known = tokio::task::spawn_blocking(move || key.as_deref() == Some(b"secret"));
            if known.await.unwrap() {
                let name = HeaderName::from_static("x-known");
                let value = HeaderValue::from_static("yes");
                request.head.fields.insert(&name, &value);
                return Ok(());
            }
            let mut refusal = Response::new(Bytes::from_static(b"no key\n"));
            *refusal.status_mut() = StatusCode::UNAUTHORIZED;
            Err(Box::new(refusal))
        })
    }
}

/// Never answers; tells when it is given up.
struct Waits(UnboundedSender<&'static str>);

struct Told(UnboundedSender<&'static str>);

impl Drop for Told {
    fn drop(&mut self) {
        let _nobody_listens = self.0.send("given up");
    }
}

impl Admit for Waits {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            let _told = Told(self.0.clone());
            self.0.send("asked").unwrap();
            std::future::pending().await
        })
    }
}

/// A proxy whose rules with this index have the stage that `make` makes.
fn guarded<A: Admit>(
    ir: &Arc<Ir>,
    make: impl Fn() -> A + Send + Sync + 'static,
) -> (Proxy, std::net::SocketAddr) {
    let proxy = builder().admitted_by(move |rule| match rule.source.id.index {
        1 => vec![Box::new(make()) as Box<dyn Admit>],
        _ => Vec::new(),
    });
    let proxy = proxy.start().unwrap();
    let at = address(&proxy.apply(ir));
    (proxy, at)
}

async fn tells_of_x_known() -> origin::Origin {
    origin::http(|request: Request<Incoming>| async move {
        let known = request.headers().contains_key("x-known");
        Response::new(Full::from(if known { "known" } else { "unknown" }))
    })
    .await
}

/// By all ways to a backend.
#[tokio::test]
async fn a_stage_lets_requests_of_its_rule_in_or_answers_them() {
    let origin = tells_of_x_known().await;
    let (mut plain, free) = (rule(vec![to("a")]), rule(vec![to("a")]));
    plain.source.id.index = 1;
    let again = retried(plain.clone(), 2, &[]);
    let routes = vec![("/guarded", plain), ("/again", again), ("/free", free)];
    let ir = ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address])],
    );
    let (_proxy, at) = guarded(&ir, || Asks);
    assert_eq!(get(at, "/free").await.body, "unknown");
    let mut client = Raw::connect(at).await;
    let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let http2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut sender, connection) = http2.await.unwrap();
    tokio::spawn(connection);
    for path in ["/guarded", "/again"] {
        let refused = client.get(path).await;
        assert_eq!((refused.status, &*refused.body), (401, "no key\n"));
        let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\nx-key: secret\r\n");
        client
            .send(&format!("{head}content-length: 2\r\n\r\nhi"))
            .await;
        assert_eq!(client.answer().await.body, "known");
        for (key, status) in [("wrong", 401), ("secret", 200)] {
            let request = Request::get(format!("http://a.example{path}")).header("x-key", key);
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), status);
            response.into_body().collect().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_admission() {
    let (sender, mut told) = unbounded_channel();
    let mut guard = rule(vec![to("a")]);
    guard.source.id.index = 1;
    let ir = ir(
        vec![listener("http", vec![("/", guard)])],
        vec![backend("a", &[])],
    );
    let (_proxy, at) = guarded(&ir, move || Waits(sender.clone()));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    assert_eq!(told.recv().await, Some("asked"));
    drop(client);
    assert_eq!(told.recv().await, Some("given up"));
}

/// HTTPRouteTimeouts `request` runs from the end of the head.
#[tokio::test]
async fn admission_counts_as_the_requests_time() {
    let (sender, mut told) = unbounded_channel();
    let mut guard = request_timeout(rule(vec![to("a")]), Duration::from_millis(50));
    guard.source.id.index = 1;
    let ir = ir(
        vec![listener("http", vec![("/", guard)])],
        vec![backend("a", &[])],
    );
    let (_proxy, at) = guarded(&ir, move || Waits(sender.clone()));
    assert_eq!(get(at, "/").await.status, 504);
    assert_eq!(told.recv().await, Some("asked"));
    assert_eq!(told.recv().await, Some("given up"));
}

/// Sends those of a tenant to where the rules for the tenant are, and refuses others.
struct ByTenant;

impl ByTenant {
    fn look(request: &mut Asking<'_>) -> Result<(), Refusal> {
        assert!(request.rule.is_none(), "no rule is known yet");
        let Some(tenant) = request.head.fields.text("x-tenant").map(str::to_owned) else {
            let mut refusal = Response::new(Bytes::from_static(b"whose?\n"));
            *refusal.status_mut() = StatusCode::FORBIDDEN;
            return Err(Box::new(refusal));
        };
        // Two dots that were in the path are gone: the head is in canonical form.
        assert!(
            !request.head.path().contains(".."),
            "{}",
            request.head.path()
        );
        let path = format!("/{tenant}{}", request.head.path());
        request.head.set_target(&path);
        Ok(())
    }
}

impl Admit for ByTenant {
    fn admit<'a>(&'a self, mut request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Self::look(&mut request)
        })
    }
}

/// The same without waiting.
struct ByTenantNow;

impl Admit for ByTenantNow {
    fn admit<'a>(&'a self, mut request: Asking<'a>) -> Admitted<'a> {
        Box::pin(std::future::ready(ByTenant::look(&mut request)))
    }

    fn admit_now(&self, request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        Some(ByTenant::look(request))
    }
}

/// Reads the body, and says in the response how long it was.
struct Measures;

impl Admit for Measures {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            let read = std::mem::take(request.body)
                .collect()
                .await
                .unwrap()
                .to_bytes();
            let length = read.len();
            *request.body = Body::from(read);
            request.edits.push(Edit::head(move |head| {
                let name = HeaderName::from_static("x-length");
                head.fields.insert(&name, &HeaderValue::from(length));
            }));
            Ok(())
        })
    }

    fn takes_exchange(&self) -> bool {
        true
    }
}

fn for_blue(address: std::net::SocketAddr) -> Arc<Ir> {
    let routes = vec![("/blue", rule(vec![to("a")]))];
    ir(
        vec![listener("http", routes)],
        vec![backend("a", &[address])],
    )
}

/// By HTTP/1 and HTTP/2; with the head alone, and with the body.
#[tokio::test]
async fn a_stage_before_routing_counts_for_the_choice_of_a_rule() {
    let origin = origin::http(|request: Request<Incoming>| async move {
        let path = request.uri().path().to_owned();
        let read = request.into_body().collect().await.unwrap().to_bytes();
        Response::new(Full::from(format!("{path} {}", read.len())))
    })
    .await;
    let ir = for_blue(origin.address);
    let stages: [Vec<Box<dyn Admit>>; 3] = [
        vec![Box::new(ByTenant)],
        vec![Box::new(ByTenantNow)],
        vec![Box::new(ByTenant), Box::new(Measures)],
    ];
    for (index, stages) in stages.into_iter().enumerate() {
        let proxy = builder().received_by(stages).start().unwrap();
        let at = address(&proxy.apply(&ir));
        let mut client = Raw::connect(at).await;
        let refused = client.get("/x").await;
        assert_eq!((refused.status, &*refused.body), (403, "whose?\n"));
        for (tenant, answer) in [
            ("blue", (200, "/blue/x 2")),
            ("red", (404, "404 Not Found\n")),
        ] {
            let head =
                format!("POST /y/../x HTTP/1.1\r\nhost: a.example\r\nx-tenant: {tenant}\r\n");
            client
                .send(&format!("{head}content-length: 2\r\n\r\nhi"))
                .await;
            let got = client.answer().await;
            assert_eq!((got.status, &*got.body), answer, "{index}");
            assert_eq!(got.header("x-length"), (index == 2).then_some("2"));
        }
        let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
        let http2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (mut sender, connection) = http2.await.unwrap();
        tokio::spawn(connection);
        for (tenant, status) in [("blue", 200), ("red", 404)] {
            let request = Request::get("http://a.example/x").header("x-tenant", tenant);
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), status, "{index}");
            response.into_body().collect().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_forwarder_has_stages_before_routing_too() {
    let origin = tells_of_x_known().await;
    let upstreams = gateway_dataplane::backend::upstream::Upstreams::new();
    let forwarder = Forwarder::new(upstreams, Limits::default(), Default::default());
    let forwarder = forwarder.received_by(vec![Box::new(ByTenant)]);
    forwarder.apply(&for_blue(origin.address));
    let socket: SocketKey = forwarder.sockets()[0];
    let connection = ConnectionInfo::new("192.0.2.1:1234".parse().unwrap(), socket);
    for (tenant, status) in [("blue", 200), ("red", 404), ("", 403)] {
        let mut request = Request::get("/x").header("host", "a.example");
        if !tenant.is_empty() {
            request = request.header("x-tenant", tenant);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = forwarder.handle(request, &connection).await;
        assert_eq!(response.status(), status, "{tenant}");
    }
}

/// Waits for somebody who never answers, unless the request is known.
struct AsksNobody {
    exchange: bool,
}

impl Admit for AsksNobody {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        match asking.head.fields.contains("x-known") {
            true => Box::pin(std::future::ready(Ok(()))),
            false => Box::pin(std::future::pending()),
        }
    }

    fn takes_exchange(&self) -> bool {
        self.exchange
    }
}

/// `Limits::receiving`; the connection goes on.
#[tokio::test]
async fn the_stages_before_routing_have_a_time() {
    let origin = tells_of_x_known().await;
    for exchange in [false, true] {
        let mut limits = Limits::default();
        limits.receiving = Duration::from_millis(50);
        let stages: Vec<Box<dyn Admit>> = vec![Box::new(AsksNobody { exchange })];
        let proxy = builder().limits(limits).received_by(stages);
        let proxy = proxy.start().unwrap();
        let at = address(&proxy.apply(&for_blue(origin.address)));
        let mut client = Raw::connect(at).await;
        for (fields, status) in [("", 504), ("x-known: yes\r\n", 200)] {
            let head = format!("GET /blue HTTP/1.1\r\nhost: a.example\r\n{fields}\r\n");
            client.send(&head).await;
            assert_eq!(client.answer().await.status, status, "{exchange}");
        }
        let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
        let http2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (mut sender, connection) = http2.await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("http://a.example/blue");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 504, "{exchange}");
    }
}

/// A stage, and a backend, that take a while.
struct Slow(Duration);

impl Admit for Slow {
    fn admit<'a>(&'a self, _: Asking<'a>) -> Admitted<'a> {
        Box::pin(async {
            tokio::time::sleep(self.0).await;
            Ok(())
        })
    }
}

impl Backend for Slow {
    async fn call(
        &self,
        _: Request<Body>,
        _: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        tokio::time::sleep(self.0).await;
        Ok(Response::new(Body::empty()))
    }
}

impl MakeBackend for Slow {
    type Backend = Self;

    fn make(&self, _: &Arc<ir_types::Backend>, _: &Site<'_>, _: Option<&Arc<Self>>) -> Arc<Self> {
        Arc::new(Self(self.0))
    }
}

/// HTTPRouteTimeouts `request`: from the end of the request's head.
#[tokio::test(start_paused = true)]
async fn the_time_of_stages_before_routing_counts_for_the_timeout_of_the_rule() {
    let second = Duration::from_secs(1);
    for (limit, status) in [(3 * second, 504), (5 * second, 200)] {
        let forwarder = Forwarder::new(Slow(2 * second), Limits::default(), Default::default());
        let forwarder = forwarder.received_by(vec![Box::new(Slow(2 * second))]);
        let rule = request_timeout(rule(vec![to("a")]), limit);
        let listeners = vec![listener("http", vec![("/", rule)])];
        forwarder.apply(&ir(listeners, vec![backend("a", &[])]));
        let peer = "192.0.2.1:1234".parse().unwrap();
        let connection = ConnectionInfo::new(peer, forwarder.sockets()[0]);
        let request = Request::get("/").header("host", "a.example");
        let request = request.body(Body::empty()).unwrap();
        let response = forwarder.handle(request, &connection).await;
        assert_eq!(response.status(), status);
    }
}
