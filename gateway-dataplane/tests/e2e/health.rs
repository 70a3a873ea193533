//! Endpoints are asked whether they are well.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gateway_model::Method;
use gateway_resolve::ir::{
    Backend, GrpcProbe, HealthCheck, HttpProbe, Ir, PanicThreshold, Pauses, Probe, TcpProbe,
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::Notify;

use crate::support::client::{Raw, get};
use crate::support::{backend, ir, listener, origin, rule, serve, set, to};

fn only(backend: Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

const SOON: Duration = Duration::from_millis(5);

/// Asked often; one failure or answer is enough.
fn checked(mut backend: Backend, probe: Probe) -> Backend {
    backend.settings.health_check = set(HealthCheck {
        probe,
        timeout: Duration::from_secs(2),
        unhealthy_after: NonZeroU32::MIN,
        healthy_after: NonZeroU32::MIN,
        pauses: Pauses {
            unused: None,
            well: SOON,
            ill: SOON,
            recovered: SOON,
            fallen: SOON,
            first: Duration::ZERO,
            jitter: Duration::ZERO,
            jitter_percent: 0,
        },
    });
    // Without it, the last endpoint would be asked although it is not well.
    backend.settings.panic_threshold = set(PanicThreshold(0));
    backend
}

fn over_http(http2: bool) -> Probe {
    Probe::Http(HttpProbe {
        method: Method::new("GET").unwrap(),
        host: "health.example".into(),
        path: "/health".into(),
        http2,
        headers: vec![],
        expected: vec![(200, 201)],
        service: None,
    })
}

/// Waits until requests are answered with `status`.
async fn becomes(at: std::net::SocketAddr, status: u16) {
    let turned = async {
        while get(at, "/").await.status != status {
            tokio::time::sleep(SOON).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), turned).await;
    assert!(waited.is_ok(), "never {status}");
}

/// `httpHealthCheck` of the Upstream API.
#[tokio::test]
async fn an_endpoint_gets_requests_while_it_answers_that_it_is_well() {
    for http2 in [false, true] {
        let health = Arc::new(AtomicU16::new(503));
        let said = Arc::clone(&health);
        let origin = origin::http(move |request: Request<Incoming>| {
            let said = Arc::clone(&said);
            async move {
                let mut response = Response::new(Full::<Bytes>::from("hello"));
                if request.uri().path() == "/health" {
                    *response.status_mut() = said.load(Ordering::SeqCst).try_into().unwrap();
                }
                response
            }
        })
        .await;
        let (_proxy, at) = serve(&only(checked(
            backend("a", &[origin.address]),
            over_http(http2),
        )));
        becomes(at, 503).await;
        for (said, status) in [(200, 200), (500, 503), (200, 200)] {
            health.store(said, Ordering::SeqCst);
            becomes(at, status).await;
        }
    }
}

/// `tcpHealthCheck` of the Upstream API: what is sent, and what has to come.
#[tokio::test]
async fn a_connection_has_to_say_what_is_expected() {
    for (answer, status) in [("PONG!", 200), ("PANG!", 503)] {
        let asked = Arc::new(Notify::new());
        let told = Arc::clone(&asked);
        let origin = origin::raw(move |stream| {
            let told = Arc::clone(&told);
            async move {
                let mut client = Raw::over(stream);
                match client.exactly(4).await.as_str() {
                    "PING" => {
                        client.send(answer).await;
                        told.notify_one();
                    }
                    _ => {
                        client.until("\r\n\r\n").await;
                        client
                            .send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                            .await;
                    }
                }
            }
        })
        .await;
        let probe = Probe::Tcp(TcpProbe {
            send: b"PING".to_vec(),
            receive: vec![b"PO".to_vec(), b"G!".to_vec()],
        });
        let (_proxy, at) = serve(&only(checked(backend("a", &[origin.address]), probe)));
        asked.notified().await;
        becomes(at, status).await;
    }
}

/// The health service of gRPC: a message of SERVING, and of NOT_SERVING.
#[tokio::test]
async fn the_health_service_of_grpc_has_to_say_that_it_serves() {
    for (serving, status) in [(1, 200), (2, 503)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let origin = origin::http(move |request: Request<Incoming>| {
            let count = Arc::clone(&count);
            async move {
                let is_call = request.uri().path() == "/grpc.health.v1.Health/Check";
                let message = request.into_body().collect().await.unwrap().to_bytes();
                let mut frames = vec![];
                if is_call {
                    assert_eq!(&message[..], b"\0\0\0\0\x04\x0a\x02ab");
                    count.fetch_add(1, Ordering::SeqCst);
                    let answer = Bytes::copy_from_slice(&[0, 0, 0, 0, 2, 0x08, serving]);
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", "0".parse().unwrap());
                    frames = vec![Frame::data(answer), Frame::trailers(trailers)];
                }
                let frames = frames.into_iter().map(Ok::<_, std::convert::Infallible>);
                Response::new(StreamBody::new(futures_util::stream::iter(frames)))
            }
        })
        .await;
        let probe = Probe::Grpc(GrpcProbe {
            service: "ab".into(),
            host: "a".into(),
        });
        let (_proxy, at) = serve(&only(checked(backend("a", &[origin.address]), probe)));
        becomes(at, status).await;
        while calls.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(SOON).await;
        }
    }
}

/// What is known of an endpoint outlives a reload; checks end with their backend.
#[tokio::test]
async fn checks_go_on_over_reloads_and_end_with_their_backend() {
    let checks = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&checks);
    let origin = origin::http(move |request: Request<Incoming>| {
        let count = Arc::clone(&count);
        async move {
            if request.uri().path() == "/health" {
                count.fetch_add(1, Ordering::SeqCst);
            }
            Response::new(Full::<Bytes>::from("hello"))
        }
    })
    .await;
    let spec = checked(backend("a", &[origin.address]), over_http(false));
    let (proxy, at) = serve(&only(spec.clone()));
    becomes(at, 200).await;
    let mut slower = spec;
    slower.settings.connect_timeout = set(Duration::from_secs(4));
    proxy.apply(&only(slower));
    assert_eq!(get(at, "/").await.status, 200, "it was well before");
    proxy.apply(&only(backend("a", &[origin::nobody()])));
    let mut last = usize::MAX;
    // Those that were under way may still come.
    while last != checks.load(Ordering::SeqCst) {
        last = checks.load(Ordering::SeqCst);
        tokio::time::sleep(SOON * 20).await;
    }
}
