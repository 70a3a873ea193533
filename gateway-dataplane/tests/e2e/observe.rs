//! Every request leaves a record, whatever became of it.

use std::fmt::Write as _;
use std::future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::backend::{Attempt, Backend, BackendError, MakeBackend, Site};
use gateway_dataplane::observe::{Answered, Observer, Reason, Record, StreamRecord};
use gateway_dataplane::table::Miss;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits, Proxy};
use gateway_resolve::ir::{
    self as ir_types, Action, FixedResponse, Ir, Listener, Redirect, Refusal, RefusalReason,
};
use gateway_resolve::ir::{Target, VirtualHost, WeightedTarget};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::client::{Raw, get};
use crate::support::origin::{self, nobody, raw};
use crate::support::{
    address, attempt_timeout, backend, builder, for_host, ir, listener, request_timeout, retried,
    rule, share, simple, tcp, to, to_id,
};

/// Tells of each record in one line.
struct Teller(UnboundedSender<String>);

impl Observer for Teller {
    fn request(&self, record: &Record) {
        let mut line = String::new();
        match record.status {
            Some(status) => write!(line, "{} ", status.as_u16()),
            None => write!(line, "- "),
        }
        .unwrap();
        let reason = record.reason.map_or("-", |reason| reason.as_str());
        write!(line, "{reason} {}", record.ended).unwrap();
        if let Some(listener) = &record.listener {
            write!(line, " listener={}", listener.id.name).unwrap();
        }
        if let Some(rule) = &record.rule {
            write!(line, " rule={}", rule.source.id.route.name).unwrap();
        }
        if let Some(backend) = record.backend() {
            write!(line, " backend={}", backend.object.name).unwrap();
        }
        if record.attempts > 0 {
            write!(line, " attempts={}", record.attempts).unwrap();
        }
        write!(line, " in={} out={}", record.received, record.sent).unwrap();
        assert_eq!(record.status.is_some(), record.response_after.is_some());
        self.0.send(line).unwrap();
    }

    fn stream(&self, record: &StreamRecord) {
        let backend = record.backend().map_or("-", |id| &id.object.name);
        let StreamRecord { received, sent, .. } = record;
        let ended = record.ended.as_str();
        let line = format!("tcp {ended} backend={backend} in={received} out={sent}");
        self.0.send(line).unwrap();
    }
}

type Lines = UnboundedReceiver<String>;

/// A proxy that serves `ir`, its first address, and what is told of its requests.
fn observed(ir: &Arc<Ir>) -> (Proxy, std::net::SocketAddr, Lines) {
    let (sender, lines) = unbounded_channel();
    let proxy = builder().observed_by(Teller(sender)).start().unwrap();
    let at = address(&proxy.apply(ir));
    (proxy, at, lines)
}

fn acting(action: Action) -> ir_types::Rule {
    ir_types::Rule {
        action,
        ..rule(vec![to("a")])
    }
}

#[tokio::test]
async fn every_answer_says_what_gave_it() {
    let origin = origin::says("hello").await;
    let silent = origin::http(|_| future::pending::<Response<Full<Bytes>>>()).await;
    let refusal = Refusal::new(RefusalReason::BackendNotFound, "there is none");
    let refused = WeightedTarget {
        target: Target::Refused(refusal.clone()),
        ..to("a")
    };
    let redirect = Redirect {
        scheme: None,
        hostname: None,
        path: None,
        port: None,
        status: 302.try_into().unwrap(),
    };
    let answer = FixedResponse {
        status: 418,
        body: "a teapot".into(),
    };
    let routes = vec![
        ("/a", rule(vec![to("a")])),
        ("/redirect", acting(Action::Redirect(redirect))),
        ("/answer", acting(Action::Respond(answer))),
        ("/fail", acting(Action::Fail(refusal))),
        ("/refused", rule(vec![refused])),
        ("/closed", rule(vec![to("closed")])),
        ("/none", rule(vec![to("none")])),
        (
            "/slow",
            request_timeout(rule(vec![to("silent")]), Duration::from_millis(20)),
        ),
        ("/again", retried(rule(vec![to("closed")]), 2, &[])),
    ];
    let backends = vec![
        backend("a", &[origin.address]),
        backend("closed", &[nobody()]),
        backend("none", &[]),
        backend("silent", &[silent.address]),
    ];
    let (_proxy, at, mut lines) = observed(&ir(vec![listener("http", routes)], backends));
    let rows = [
        (
            "/a/x",
            "200 backend complete listener=http rule=route backend=a attempts=1 in=0 out=5",
        ),
        (
            "/redirect",
            "302 redirect complete listener=http rule=route in=0 out=0",
        ),
        (
            "/answer",
            "418 direct_response complete listener=http rule=route in=0 out=8",
        ),
        (
            "/fail",
            "500 refused complete listener=http rule=route in=0 out=26",
        ),
        (
            "/refused",
            "500 refused complete listener=http rule=route in=0 out=26",
        ),
        (
            "/closed",
            "503 connect_failed complete listener=http rule=route backend=closed in=0 out=24",
        ),
        (
            "/none",
            "503 no_endpoint complete listener=http rule=route backend=none in=0 out=24",
        ),
        (
            "/slow",
            "504 timeout complete listener=http rule=route backend=silent attempts=1 in=0 out=20",
        ),
        ("/other", "404 no_rule complete listener=http in=0 out=14"),
    ];
    for (path, want) in rows {
        get(at, path).await;
        let line = lines.recv().await.unwrap();
        // How often an endpoint that fails is asked is the upstream's business.
        let line = match want.contains("attempts=") {
            true => line,
            false => without_attempts(&line),
        };
        assert_eq!(line, want, "{path}");
    }
    get(at, "/again").await;
    let line = lines.recv().await.unwrap();
    assert!(
        line.starts_with("503 connect_failed complete listener=http rule=route backend=closed")
    );
    let mut client = Raw::connect(at).await;
    client.send("nonsense\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
    assert_eq!(
        lines.recv().await.unwrap(),
        "400 invalid_request complete in=0 out=16"
    );
}

fn without_attempts(line: &str) -> String {
    let words = line
        .split(' ')
        .filter(|word| !word.starts_with("attempts="));
    words.collect::<Vec<_>>().join(" ")
}

/// A 404 is explained by its record.
#[tokio::test]
async fn a_record_tells_what_was_missing() {
    let named = for_host(
        listener("named", vec![("/a", rule(vec![to("a")]))]),
        "*.example",
    );
    let VirtualHost { routes, .. } = VirtualHost::clone(&named.hosts()[0]);
    let host = VirtualHost::new(Some("a.example".parse().unwrap()), routes);
    let stack = ir_types::Stack::Http {
        hosts: vec![host.into()],
    };
    let named = Listener { stack, ..named };
    let (_proxy, at, mut lines) = observed(&ir(vec![named], vec![backend("a", &[])]));
    let mut client = Raw::connect(at).await;
    for (host, want) in [
        ("a.test", "404 no_listener complete in=0 out=14"),
        (
            "b.example",
            "404 no_route complete listener=named in=0 out=14",
        ),
        (
            "a.example",
            "404 no_rule complete listener=named in=0 out=14",
        ),
    ] {
        client
            .send(&format!("GET /b HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert_eq!(client.answer().await.status, 404);
        assert_eq!(lines.recv().await.unwrap(), want);
    }
}

async fn echo() -> origin::Origin {
    origin::http(|request: Request<Incoming>| async { Response::new(request.into_body()) }).await
}

const ECHOED: &str =
    "200 backend complete listener=http rule=route backend=a attempts=1 in=5 out=5";

/// The short way, that of retries, and that of HTTP/2.
#[tokio::test]
async fn bodies_are_counted_on_every_way() {
    let origin = echo().await;
    let plain = rule(vec![to("a")]);
    let routes = vec![("/", plain.clone()), ("/again", retried(plain, 3, &[500]))];
    let ir = ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address])],
    );
    let (_proxy, at, mut lines) = observed(&ir);
    for path in ["/", "/again"] {
        let mut client = Raw::connect(at).await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\n");
        client
            .send(&format!("{head}transfer-encoding: chunked\r\n\r\n"))
            .await;
        client.send("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n").await;
        assert_eq!(client.answer().await.body, "hello");
        assert_eq!(lines.recv().await.unwrap(), ECHOED, "{path}");
        client
            .send(&format!("{head}content-length: 5\r\n\r\nhello"))
            .await;
        assert_eq!(client.answer().await.body, "hello");
        assert_eq!(lines.recv().await.unwrap(), ECHOED, "{path}");
    }
    let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let client = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut sender, connection) = client.await.unwrap();
    tokio::spawn(connection);
    for path in ["/", "/again"] {
        let request = Request::post(format!("http://a.example{path}"));
        let request = request.body(Full::new(Bytes::from("hello"))).unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
        assert_eq!(lines.recv().await.unwrap(), ECHOED, "{path} over HTTP/2");
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_told_of_as_well() {
    let silent = origin::http(|_| future::pending::<Response<Full<Bytes>>>()).await;
    let plain = rule(vec![to("a")]);
    let routes = vec![("/", plain.clone()), ("/again", retried(plain, 3, &[500]))];
    let ir = ir(
        vec![listener("http", routes)],
        vec![backend("a", &[silent.address])],
    );
    let (_proxy, at, mut lines) = observed(&ir);
    let want = "- - client_gone listener=http rule=route backend=a attempts=1 in=0 out=0";
    for path in ["/", "/again"] {
        let mut client = Raw::connect(at).await;
        client
            .send(&format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n"))
            .await;
        drop(client);
        let line = lines.recv().await.unwrap();
        // It may leave before the endpoint was asked.
        assert_eq!(without_attempts(&line), without_attempts(want), "{path}");
    }
}

/// An origin that breaks its response off, and one that never ends it.
#[tokio::test]
async fn responses_that_do_not_end_are_told_apart() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
    let broken = raw(move |mut stream| async move {
        let mut request = [0; 1024];
        let _some = stream.read(&mut request).await;
        stream.write_all(head.as_bytes()).await.unwrap();
    })
    .await;
    let endless = raw(move |mut stream| async move {
        stream.write_all(head.as_bytes()).await.unwrap();
        future::pending::<()>().await;
    })
    .await;
    let short = Duration::from_millis(50);
    let routes = vec![
        ("/broken", rule(vec![to("broken")])),
        ("/again", retried(rule(vec![to("broken")]), 3, &[500])),
        (
            "/endless",
            attempt_timeout(rule(vec![to("endless")]), short),
        ),
    ];
    let backends = vec![
        backend("broken", &[broken.address]),
        backend("endless", &[endless.address]),
    ];
    let (_proxy, at, mut lines) = observed(&ir(vec![listener("http", routes)], backends));
    for (path, want) in [
        ("/broken", "200 backend response_broke_off"),
        ("/again", "200 backend response_broke_off"),
        ("/endless", "200 backend timed_out"),
    ] {
        let mut client = Raw::connect(at).await;
        client
            .send(&format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n"))
            .await;
        client.rest().await;
        let line = lines.recv().await.unwrap();
        assert!(
            line.starts_with(want) && line.ends_with("out=5"),
            "{path}: {line}"
        );
    }
}

#[tokio::test]
async fn tunnels_and_connections_are_counted_to_their_end() {
    let upgraded = raw(|mut stream| async move {
        let mut request = [0; 1024];
        let _some = stream.read(&mut request).await;
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(b"goodbye").await.unwrap();
    })
    .await;
    let (_proxy, at, mut lines) = observed(&simple(&[upgraded.address]));
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    client.send(head).await;
    assert_eq!(client.answer().await.status, 101);
    client.send("ping").await;
    assert_eq!(client.exactly(7).await, "goodbye");
    drop(client);
    assert_eq!(
        lines.recv().await.unwrap(),
        "101 backend complete listener=http rule=route backend=a attempts=1 in=4 out=7"
    );

    let origin = raw(|mut stream| async move {
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(b"goodbye").await.unwrap();
    })
    .await;
    let listener = tcp(listener("tcp", vec![]), vec![share(1, to_id("a"))]);
    let (_proxy, at, mut lines) =
        observed(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).await.unwrap();
    drop(client);
    assert_eq!(
        lines.recv().await.unwrap(),
        "tcp complete backend=a in=4 out=7"
    );
}

/// Fails twice, and remembers what it knew of each attempt.
#[derive(Clone, Default)]
struct Curious(Arc<Mutex<Vec<(u32, String, usize)>>>);

/// What an embedder knows of a request.
#[derive(Clone)]
struct Tenant(&'static str);

impl Backend for Curious {
    async fn call(
        &self,
        request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let tenant = request.extensions().get::<Tenant>().map_or("-", |t| t.0);
        let rule = attempt.rule.map_or(usize::MAX, |rule| rule.source.id.index);
        let mut seen = self.0.lock().unwrap();
        seen.push((attempt.number, tenant.to_owned(), rule));
        attempt.asks(([192, 0, 2, 7], 80).into());
        let status = if attempt.number < 2 { 500 } else { 200 };
        let response = Response::builder().status(status).body(Body::empty());
        Ok(response.unwrap())
    }
}

impl MakeBackend for Curious {
    type Backend = Self;

    fn make(&self, _: &Arc<ir_types::Backend>, _: &Site<'_>, _: Option<&Arc<Self>>) -> Arc<Self> {
        Arc::new(self.clone())
    }
}

#[tokio::test]
async fn an_embedders_backend_knows_its_rule_and_what_he_said_on_every_attempt() {
    let (sender, mut lines) = unbounded_channel();
    let curious = Curious::default();
    let forwarder = Forwarder::new(curious.clone(), Limits::default(), Default::default());
    let forwarder = forwarder.observed_by(Teller(sender));
    let mut seventh = retried(rule(vec![to("a")]), 3, &[500]);
    seventh.source.id.index = 7;
    let listener = listener("http", vec![("/", seventh)]);
    forwarder.apply(&ir(vec![listener], vec![backend("a", &[])]));
    let peer = "192.0.2.1:1234".parse().unwrap();
    let connection = ConnectionInfo::new(peer, forwarder.sockets()[0]);
    let request = Request::get("/x").header("host", "a.example");
    let request = request.extension(Tenant("blue")).body(Body::empty());
    let response = forwarder.handle(request.unwrap(), &connection).await;
    assert_eq!(response.status(), 200);
    let told = response.extensions().get::<Answered>().unwrap();
    assert_eq!(told.rule.as_ref().map(|rule| rule.source.id.index), Some(7));
    assert_eq!(told.backend().map(|id| &*id.object.name), Some("a"));
    assert_eq!(
        (told.attempts, told.endpoint),
        (3, Some(([192, 0, 2, 7], 80).into()))
    );
    drop(response);
    let want = [0, 1, 2].map(|number| (number, "blue".to_owned(), 7));
    assert_eq!(*curious.0.lock().unwrap(), want);
    assert_eq!(
        lines.recv().await.unwrap(),
        "200 backend complete listener=http rule=route backend=a attempts=3 in=0 out=0"
    );
}

#[tokio::test]
async fn a_response_that_no_backend_gave_says_what_answered_too() {
    let forwarder = Forwarder::new(Curious::default(), Limits::default(), Default::default());
    let refused = WeightedTarget {
        target: Target::Refused(Refusal::new(RefusalReason::BackendNotFound, "gone")),
        ..to("a")
    };
    let listener = listener("http", vec![("/refused", rule(vec![refused]))]);
    forwarder.apply(&ir(vec![listener], vec![]));
    let peer = "192.0.2.1:1234".parse().unwrap();
    let connection = ConnectionInfo::new(peer, forwarder.sockets()[0]);
    for (path, rule, reason) in [
        ("/refused", true, Reason::Refused),
        ("/other", false, Reason::NoRoute(Miss::NoRule)),
    ] {
        let request = Request::get(path).header("host", "a.example");
        let request = request.body(Body::empty()).unwrap();
        let response = forwarder.handle(request, &connection).await;
        let told = response.extensions().get::<Answered>().unwrap();
        assert_eq!(
            (told.rule.is_some(), told.reason),
            (rule, Some(reason)),
            "{path}"
        );
        assert_eq!((told.attempts, told.backend()), (0, None), "{path}");
        assert!(told.listener.is_some(), "{path}");
    }
}

/// RFC 9110 section 15.2.2.
#[tokio::test]
async fn a_response_that_switches_protocols_says_what_answered_too() {
    let upgraded = raw(|mut stream| async move {
        let mut request = [0; 1024];
        let _some = stream.read(&mut request).await;
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let _until_the_end = stream.read(&mut request).await;
    })
    .await;
    let upstreams = gateway_dataplane::backend::upstream::Upstreams::new();
    let forwarder = Forwarder::new(upstreams, Limits::default(), Default::default());
    forwarder.apply(&simple(&[upgraded.address]));
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listening.local_addr().unwrap();
    let (sender, mut told) = unbounded_channel();
    tokio::spawn(async move {
        let (stream, peer) = listening.accept().await.unwrap();
        let connection = ConnectionInfo::new(peer, forwarder.sockets()[0]);
        let service = hyper::service::service_fn(|request: Request<hyper::body::Incoming>| async {
            let response = forwarder.handle(request.map(Body::from), &connection).await;
            let answered = response.extensions().get::<Answered>().cloned();
            sender.send((response.status(), answered)).unwrap();
            Ok::<_, std::convert::Infallible>(response)
        });
        let server = hyper::server::conn::http1::Builder::new();
        let io = hyper_util::rt::TokioIo::new(stream);
        let _ended = server.serve_connection(io, service).with_upgrades().await;
    });
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    client.send(head).await;
    assert_eq!(client.answer().await.status, 101);
    let (status, answered) = told.recv().await.unwrap();
    let answered = answered.unwrap();
    assert_eq!(
        (status.as_u16(), answered.reason),
        (101, Some(Reason::Backend))
    );
    assert_eq!(answered.backend().map(|id| &*id.object.name), Some("a"));
    assert_eq!(answered.attempts, 1);
}
