//! What clients may take.

use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::support::client::{Raw, get};
use crate::support::{
    address, certificate, ir, ir_with, limited, listener, origin, over_tls, simple,
};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_head_that_takes_too_long_ends_the_connection() {
    let proxy = limited(|limits| limits.header_read = SHORT);
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![])], vec![])));
    for before in [0, 1] {
        let mut client = Raw::connect(at).await;
        for _ in 0..before {
            client.get("/").await;
        }
        let start = Instant::now();
        client.send("GET / HTTP/1.1\r\nhost: a").await;
        assert_eq!(client.rest().await, "");
        assert!(start.elapsed() >= SHORT);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let proxy = limited(|limits| limits.idle = SHORT);
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![])], vec![])));
    let mut client = Raw::connect(at).await;
    client.get("/").await;
    let start = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(start.elapsed() >= SHORT);
    assert_eq!(Raw::connect(at).await.rest().await, "");
}

#[tokio::test]
async fn a_busy_connection_is_not_idle() {
    let origin = origin::http(|_| async {
        tokio::time::sleep(SHORT * 4).await;
        http::Response::new(http_body_util::Full::<bytes::Bytes>::from("slow"))
    })
    .await;
    let proxy = limited(|limits| (limits.idle, limits.header_read) = (SHORT, SHORT));
    let at = address(&proxy.apply(&simple(&[origin.address])));
    assert_eq!(get(at, "/").await.body, "slow");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let (cut, mut was_cut) = tokio::sync::mpsc::unbounded_channel();
    let origin = origin::raw(move |stream| {
        let cut = cut.clone();
        async move {
            let mut client = Raw::over(stream);
            client.until("\r\n\r\n").await;
            client.send("HTTP/1.1 200 OK\r\n\r\n").await;
            let much = "x".repeat(1 << 20);
            while client.try_send(&much).await {}
            cut.send(()).unwrap();
        }
    })
    .await;
    let proxy = limited(|limits| limits.stalled = SHORT);
    let at = address(&proxy.apply(&simple(&[origin.address])));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    let cut = tokio::time::timeout(Duration::from_secs(10), was_cut.recv());
    cut.await.expect("the backend to be left").unwrap();
}

/// RFC 6585 section 5.
#[tokio::test]
async fn heads_that_are_too_large_are_refused_with_431() {
    let proxy = limited(|limits| (limits.header_bytes, limits.header_count) = (8_192, 20));
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![])], vec![])));
    let long = format!("x: {}\r\n", "y".repeat(10_000));
    let many = "x: y\r\n".repeat(20);
    for (headers, want) in [(String::new(), 404), (long, 431), (many, 431)] {
        let mut client = Raw::connect(at).await;
        client
            .send(&format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n"))
            .await;
        assert_eq!(client.answer().await.status, want);
    }
}

#[tokio::test]
async fn a_tls_handshake_that_takes_too_long_ends_the_connection() {
    let shown = certificate("a", &["a.example"]);
    let proxy = limited(|limits| limits.tls_handshake = SHORT);
    let listener = over_tls(listener("https", vec![]), &[&shown]);
    let at = address(&proxy.apply(&ir_with(vec![listener], vec![], vec![shown])));
    let start = Instant::now();
    assert_eq!(Raw::connect(at).await.rest().await, "");
    assert!(start.elapsed() >= SHORT);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let proxy = limited(|limits| limits.connections = 2);
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![])], vec![])));
    let (mut one, mut two) = (Raw::connect(at).await, Raw::connect(at).await);
    assert_eq!(one.get("/").await.status, 404);
    assert_eq!(two.get("/").await.status, 404);
    let mut three = Raw::connect(at).await;
    assert!(tokio::time::timeout(SHORT, three.get("/")).await.is_err());
    drop(one);
    assert_eq!(three.answer().await.status, 404);
}

#[tokio::test]
async fn a_client_has_so_many_http2_streams() {
    let proxy = limited(|limits| limits.h2_streams = 3);
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![])], vec![])));
    let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let (mut sender, mut connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
    let request = Request::get("http://a.example/")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request);
    let status = tokio::select! {
        answer = answer => answer.unwrap().status(),
        ended = &mut connection => panic!("{ended:?}"),
    };
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(connection.current_max_send_streams(), 3);
}
