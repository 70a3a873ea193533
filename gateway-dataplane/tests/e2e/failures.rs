//! Backends that fail: timeouts, retries, ejection, and what clients are told.

use std::future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway_dataplane::Limits;
use gateway_dataplane::backend::upstream::{Connect, ConnectTarget, Upstreams};
use gateway_resolve::ir::{Balancing, Refusal, RefusalReason, Target, WeightedTarget};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};

use crate::support::client::{Raw, get};
use crate::support::{
    address, attempt_timeout, backend, builder, ir, limited, listener, origin, request_timeout,
    retried, rule, serve, set, simple, to,
};

const SHORT: Duration = Duration::from_millis(50);

/// An origin that fails with `status` so many times, then answers with the body that it was sent.
async fn failing(times: usize, status: u16) -> (origin::Origin, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let origin = origin::http(move |request: Request<Incoming>| {
        let asked = count.fetch_add(1, Ordering::SeqCst);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut response = Response::new(Full::from(body));
            if asked < times {
                *response.status_mut() = status.try_into().unwrap();
            }
            response
        }
    })
    .await;
    (origin, asked)
}

#[tokio::test]
async fn a_backend_without_endpoints_is_answered_with_503() {
    let (_proxy, at) = serve(&simple(&[]));
    let answer = get(at, "/").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (503, "503 Service Unavailable\n")
    );
}

#[tokio::test]
async fn endpoints_that_cannot_be_reached_are_answered_with_503_and_not_named() {
    let (_proxy, at) = serve(&simple(&[origin::nobody()]));
    let answer = get(at, "/").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (503, "503 Service Unavailable\n")
    );
    assert!(!answer.head.contains("127.0.0.1"), "{}", answer.head);
}

#[tokio::test]
async fn a_refused_target_answers_with_its_status() {
    let refusal = Refusal::new(RefusalReason::BackendNotFound, "there is no such Service");
    let target = WeightedTarget {
        weight: 1,
        filters: Vec::new(),
        target: Target::Refused(refusal),
    };
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule(vec![target]))])],
        vec![],
    ));
    let answer = get(at, "/").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (500, "500 Internal Server Error\n")
    );
}

#[tokio::test]
async fn another_endpoint_is_tried_when_one_cannot_be_reached() {
    let origin = origin::says("hello").await;
    let (_proxy, at) = serve(&simple(&[origin.address, origin::nobody()]));
    let mut client = Raw::connect(at).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.body, "hello");
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_backend_closed_is_not_used() {
    let origin = origin::raw(|stream| async move {
        let mut client = Raw::over(stream);
        client.until("\r\n\r\n").await;
        client
            .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            .await;
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    for _ in 0..50 {
        assert_eq!(client.get("/").await.body, "hello");
    }
    assert_eq!(origin.connections(), 50);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_a_502() {
    let origin = origin::raw(|stream| async move {
        Raw::over(stream).until("\r\n\r\n").await;
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    assert_eq!(get(at, "/").await.status, 502);
}

/// RFC 9110 section 9.2.2: what is idempotent may be sent again; an endpoint that is going away resets
/// the connections that it has not accepted.
#[tokio::test]
async fn another_endpoint_is_asked_when_one_does_not_answer_what_may_be_sent_twice() {
    let going = origin::raw(|stream| async move {
        Raw::over(stream).until("\r\n\r\n").await;
    })
    .await;
    let origin = origin::says("hello").await;
    let proxy = limited(|limits| limits.eject_after = 1_000);
    let at = address(&proxy.apply(&simple(&[origin.address, going.address])));
    let mut client = Raw::connect(at).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.body, "hello");
    }
    assert_eq!(going.connections(), 10);
    let mut refused = 0;
    for _ in 0..20 {
        let post = "POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n";
        client.send(post).await;
        refused += usize::from(client.answer().await.status == 502);
    }
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn a_response_that_is_not_http_is_a_502() {
    let origin = origin::raw(|stream| async move {
        let mut client = Raw::over(stream);
        client.until("\r\n\r\n").await;
        client.send("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
        client.rest().await;
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    assert_eq!(get(at, "/").await.status, 502);
}

/// HTTPRoute `timeouts`.
#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_with_504() {
    let origin = origin::http(|_| future::pending::<Response<Full<Bytes>>>()).await;
    for timed in [request_timeout, attempt_timeout] {
        let listener = listener("http", vec![("/", timed(rule(vec![to("a")]), SHORT))]);
        let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
        let start = Instant::now();
        assert_eq!(get(at, "/").await.status, 504);
        assert!(start.elapsed() >= SHORT);
    }
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_cut_off() {
    let origin = origin::raw(|stream| async move {
        let mut client = Raw::over(stream);
        client.until("\r\n\r\n").await;
        client
            .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe")
            .await;
        client.rest().await;
    })
    .await;
    let rule = request_timeout(rule(vec![to("a")]), SHORT);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    ));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    assert!(
        client
            .until("\r\n\r\n")
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(client.rest().await, "he");
}

/// GEP-1731.
#[tokio::test]
async fn listed_statuses_are_tried_again_with_the_same_body() {
    for (times, attempts, want) in [(2, 2, 200), (3, 2, 503)] {
        let (origin, asked) = failing(times, 503).await;
        let rule = retried(rule(vec![to("a")]), attempts, &[503]);
        let (_proxy, at) = serve(&ir(
            vec![listener("http", vec![("/", rule)])],
            vec![backend("a", &[origin.address])],
        ));
        let mut client = Raw::connect(at).await;
        client
            .send("POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nhi")
            .await;
        let answer = client.answer().await;
        assert_eq!((answer.status, &*answer.body), (want, "hi"));
        assert_eq!(asked.load(Ordering::SeqCst), attempts as usize + 1);
    }
}

#[tokio::test]
async fn other_statuses_are_not_tried_again() {
    let (origin, asked) = failing(1, 500).await;
    let rule = retried(rule(vec![to("a")]), 3, &[503]);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    ));
    assert_eq!(get(at, "/").await.status, 500);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_that_is_too_long_to_keep_is_sent_once_and_whole() {
    let (origin, asked) = failing(1, 503).await;
    let rule = retried(rule(vec![to("a")]), 3, &[503]);
    let proxy = limited(|limits| limits.retry_body = 4);
    let at = address(&proxy.apply(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    )));
    let mut client = Raw::connect(at).await;
    client
        .send("POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    client.send("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, &*answer.body), (503, "abcdef"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone_but_never_all_of_them() {
    let good = origin::says("good").await;
    let bad = origin::raw(|stream| async move {
        Raw::over(stream).until("\r\n\r\n").await;
    })
    .await;
    let proxy = limited(|limits| limits.eject_after = 2);
    let at = address(&proxy.apply(&simple(&[good.address, bad.address])));
    let mut client = Raw::connect(at).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.body, "good");
    }
    assert_eq!(bad.connections(), 2);
    proxy.apply(&simple(&[bad.address]));
    assert_eq!(client.get("/").await.status, 502);
    assert_eq!(bad.connections(), 3);
}

/// A connector to an endpoint that neither accepts nor refuses.
struct Silent;

impl Connect for Silent {
    type Stream = TcpStream;

    async fn connect(&self, _target: &ConnectTarget<'_>) -> io::Result<TcpStream> {
        future::pending().await
    }
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_is_answered_with_503() {
    let mut limits = Limits::default();
    limits.connect = SHORT;
    let proxy = builder()
        .limits(limits)
        .start_with(Upstreams::over(Silent))
        .unwrap();
    let at = address(&proxy.apply(&simple(&[origin::nobody()])));
    let answer = tokio::time::timeout(Duration::from_secs(10), get(at, "/"));
    assert_eq!(answer.await.expect("the limit was ignored").status, 503);
}

#[tokio::test]
async fn least_request_leaves_a_busy_endpoint_alone() {
    let (busy, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let slow = origin::http(move |_: Request<Incoming>| {
        busy.send(()).unwrap();
        future::pending::<Response<Full<Bytes>>>()
    })
    .await;
    let quick = origin::says("quick").await;
    let mut balanced = backend("a", &[slow.address, quick.address]);
    balanced.settings.balancing = set(Balancing::LEAST_OF_TWO);
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&ir(vec![listener], vec![balanced])));
    let held = loop {
        let mut client = Raw::connect(at).await;
        client
            .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
            .await;
        tokio::select! {
            _ = asked.recv() => break client,
            answer = client.answer() => assert_eq!(answer.body, "quick"),
        }
    };
    for _ in 0..8 {
        assert_eq!(get(at, "/").await.body, "quick");
    }
    drop(held);
}

/// GRPCRoute `backendRefs`: UNAVAILABLE for a backend that there is not; and UNIMPLEMENTED for what no route takes.
#[tokio::test]
async fn grpc_clients_are_told_in_their_own_words() {
    let mut refused = to("a");
    refused.target = Target::Refused(Refusal::new(RefusalReason::BackendNotFound, "gone"));
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let routes = vec![
        ("/refused", rule(vec![refused])),
        ("/down", rule(vec![to("a")])),
    ];
    let ir = ir(
        vec![listener("http", routes)],
        vec![backend("a", &[closed])],
    );
    let (_proxy, at) = serve(&ir);
    let mut client = Raw::connect(at).await;
    for (path, kind, want) in [
        ("/refused/x", "application/grpc", Some("14")),
        ("/down/x", "application/grpc+proto", Some("14")),
        ("/nowhere", "application/grpc;x=y", Some("12")),
        ("/nowhere", "application/grpc-web", None),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\ncontent-length: 0\r\n\r\n"
        );
        client.send(&head).await;
        let answer = client.answer().await;
        assert_eq!(answer.header("grpc-status"), want, "{path}");
        assert_eq!(answer.status, if want.is_some() { 200 } else { 404 });
        assert_eq!(answer.body.is_empty(), want.is_some());
    }
}
