//! Stages that requests pass before a backend is picked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_dataplane::admit::{Admit, Admitted, Asking};
use gateway_resolve::ir::Ir;
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
    let proxy = builder().admitted_by(move |rule| match rule.index {
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
    plain.index = 1;
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
    guard.index = 1;
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
    guard.index = 1;
    let ir = ir(
        vec![listener("http", vec![("/", guard)])],
        vec![backend("a", &[])],
    );
    let (_proxy, at) = guarded(&ir, move || Waits(sender.clone()));
    assert_eq!(get(at, "/").await.status, 504);
    assert_eq!(told.recv().await, Some("asked"));
    assert_eq!(told.recv().await, Some("given up"));
}
