//! Bodies are streamed both ways: trailers, backpressure, `Expect`, upgrades.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gateway_resolve::ir::{AppProtocol, Backend};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::support::client::Raw;
use crate::support::{
    address, backend, builder, h2c, ir, listener, origin, rule, serve, simple, to,
};

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("checksum".parse().unwrap(), HeaderValue::from_static("42"))])
}

fn with_trailers(text: &'static str) -> StreamBody<impl futures_util::Stream<Item = Chunk>> {
    let frames = [Frame::data(Bytes::from(text)), Frame::trailers(trailers())];
    StreamBody::new(futures_util::stream::iter(frames.map(Ok)))
}

type Chunk = Result<Frame<Bytes>, Infallible>;

/// An origin that answers with what it was sent, trailers included.
async fn echo() -> origin::Origin {
    origin::http(|request: Request<Incoming>| async {
        let mut response = Response::new(request.into_body());
        let named = HeaderValue::from_static("checksum");
        response.headers_mut().insert("trailer", named);
        response
    })
    .await
}

/// RFC 9112 section 7.1.2, RFC 9110 section 6.5.
#[tokio::test]
async fn trailers_pass_both_ways_over_http1() {
    let origin = echo().await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    let head = "POST / HTTP/1.1\r\nhost: a.example\r\nte: trailers\r\ntrailer: checksum\r\n";
    client
        .send(&format!("{head}transfer-encoding: chunked\r\n\r\n"))
        .await;
    client.send("2\r\nhi\r\n0\r\nchecksum: 42\r\n\r\n").await;
    assert_eq!(client.answer().await.body, "hichecksum: 42\r\n");
}

#[tokio::test]
async fn http2_is_spoken_on_both_sides_with_trailers() {
    let origin = echo().await;
    let backends = vec![h2c(backend("a", &[origin.address]))];
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let (_proxy, at) = serve(&ir(vec![listener], backends));
    let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let request = Request::post("http://a.example/x")
            .body(with_trailers("hi"))
            .unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        let body = body.collect().await.unwrap();
        assert_eq!(body.trailers(), Some(&trailers()));
        assert_eq!(body.to_bytes(), "hi");
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn many_streams_share_one_connection_to_the_backend() {
    let origin = origin::says("hello").await;
    let backends = vec![h2c(backend("a", &[origin.address]))];
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let (_proxy, at) = serve(&ir(vec![listener], backends));
    let io = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut sender = sender.clone();
        let request = Request::get("http://a.example/")
            .body(Empty::<Bytes>::new())
            .unwrap();
        requests.spawn(async move { sender.send_request(request).await.unwrap().status() });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(origin.connections(), 1);
}

/// RFC 9110 section 10.1.1.
#[tokio::test]
async fn the_backend_decides_whether_a_waiting_client_sends_its_body() {
    let origin = origin::http(|request: Request<Incoming>| async {
        let mut response = Response::new(Full::default());
        if request.uri() == "/refuse" {
            *response.status_mut() = StatusCode::EXPECTATION_FAILED;
        } else {
            let body = request.into_body().collect().await.unwrap();
            *response.body_mut() = Full::from(body.to_bytes());
        }
        response
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let head = "HTTP/1.1\r\nhost: a.example\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let mut client = Raw::connect(at).await;
    client.send(&format!("POST /take {head}")).await;
    assert_eq!(
        client.until("\r\n\r\n").await.unwrap(),
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    client.send("hi").await;
    assert_eq!(client.answer().await.body, "hi");
    let mut client = Raw::connect(at).await;
    client.send(&format!("POST /refuse {head}")).await;
    assert_eq!(client.answer().await.status, 417);
}

/// RFC 9110 section 7.8.
#[tokio::test]
async fn an_upgraded_connection_is_a_tunnel() {
    let origin = origin::http(|mut request: Request<Incoming>| async move {
        assert_eq!(request.headers()["upgrade"], "echo");
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(upgrade.await.unwrap());
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(&hello).await.unwrap();
        });
        let response = Response::builder().status(101).header("upgrade", "echo");
        response
            .header("connection", "upgrade")
            .body(Empty::<Bytes>::new())
            .unwrap()
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    client.send(head).await;
    let answer = client.answer().await;
    assert_eq!(
        (answer.status, answer.header("upgrade")),
        (101, Some("echo"))
    );
    client.send("hello").await;
    assert_eq!(client.rest().await, "hello");
}

#[tokio::test]
async fn a_backend_that_switches_unasked_is_refused() {
    let origin = origin::raw(|mut stream| async move {
        let mut client = Raw::over(&mut stream);
        client.until("\r\n\r\n").await;
        client
            .send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")
            .await;
        client.rest().await;
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    assert_eq!(Raw::connect(at).await.get("/").await.status, 502);
}

#[tokio::test]
async fn a_slow_reader_holds_the_backend_up() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let origin = origin::http(move |_| {
        let count = Arc::clone(&count);
        async move {
            let chunks = std::iter::repeat_n(Bytes::from(vec![b'x'; 1 << 16]), 2_048);
            let frames = chunks.map(move |chunk| {
                count.fetch_add(chunk.len(), Ordering::SeqCst);
                Ok::<_, Infallible>(Frame::data(chunk))
            });
            Response::new(StreamBody::new(futures_util::stream::iter(frames)))
        }
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    client.until("\r\n\r\n").await.unwrap();
    let mut seen = 0;
    // Buffers on the way fill up; then nothing moves.
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = sent.load(Ordering::SeqCst);
        if now == seen && now > 0 {
            break;
        }
        seen = now;
    }
    assert!(seen < 100 << 20, "{seen} bytes of {} were taken", 128 << 20);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let (arrived, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (a, g) = (Arc::clone(&arrived), Arc::clone(&gone));
    let origin = origin::raw(move |stream| {
        let (arrived, gone) = (Arc::clone(&a), Arc::clone(&g));
        async move {
            let mut client = Raw::over(stream);
            client.until("\r\n\r\n").await;
            arrived.notify_one();
            client.rest().await;
            gone.notify_one();
        }
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    arrived.notified().await;
    drop(client);
    gone.notified().await;
}

#[tokio::test]
async fn a_response_may_come_before_the_request_has_ended() {
    let (finish, finished) = oneshot::channel::<()>();
    let finished = Arc::new(tokio::sync::Mutex::new(Some(finished)));
    let origin = origin::raw(move |mut stream| {
        let finished = Arc::clone(&finished);
        async move {
            let mut client = Raw::over(&mut stream);
            client.until("\r\n\r\n").await;
            client
                .send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nea")
                .await;
            let wait = finished.lock().await.take().unwrap();
            wait.await.unwrap();
            client.send("ly").await;
            client.rest().await;
        }
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nh")
        .await;
    let head = client.until("\r\n\r\n").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(client.exactly(2).await, "ea");
    finish.send(()).unwrap();
    assert_eq!(client.exactly(2).await, "ly");
}

#[tokio::test]
async fn a_tunnel_carries_much_both_ways() {
    let origin = origin::http(|mut request: Request<Incoming>| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let stream = TokioIo::new(upgrade.await.unwrap());
            let (mut read, mut write) = tokio::io::split(stream);
            tokio::io::copy(&mut read, &mut write).await.unwrap();
            write.shutdown().await.unwrap();
        });
        let response = Response::builder().status(101).header("upgrade", "echo");
        response
            .header("connection", "upgrade")
            .body(Empty::<Bytes>::new())
            .unwrap()
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    client.send(head).await;
    assert_eq!(client.answer().await.status, 101);
    let (mut near, far) = tokio::io::duplex(1 << 16);
    let mut stream = client.stream;
    tokio::spawn(async move {
        let mut far = far;
        let _closed = copy_bidirectional(&mut stream, &mut far).await;
    });
    let much = vec![b'y'; 1 << 20];
    let (mut read, mut write) = tokio::io::split(&mut near);
    let sending = async {
        write.write_all(&much).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let receiving = async {
        let mut got = Vec::new();
        read.read_to_end(&mut got).await.unwrap();
        got
    };
    let ((), got) = tokio::join!(sending, receiving);
    assert_eq!(got.len(), much.len());
}

/// Bytes that tell where they belong.
fn pattern(length: usize, seed: u8) -> Vec<u8> {
    let byte = |at: usize| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ seed;
    (0..length).map(byte).collect()
}

/// Between plain TCP on both sides long bodies may go past the process; they arrive all the same.
#[tokio::test]
async fn long_bodies_arrive_as_they_were_sent() {
    let origin = origin::http(|request: Request<Incoming>| async {
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(sent, pattern(600_000, 1));
        Response::new(Full::from(pattern(900_000, 2)))
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    for _ in 0..2 {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: {}\r\n\r\n",
            600_000
        );
        client.send(&head).await;
        let (mut read, mut write) = client.stream.split();
        let body = pattern(600_000, 1);
        let sending = async { write.write_all(&body).await.unwrap() };
        let receiving = async {
            let mut got = Vec::new();
            while !got.windows(4).any(|w| w == b"\r\n\r\n") {
                read.read_buf(&mut got).await.unwrap();
            }
            let end = got.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            let mut got = got.split_off(end);
            let ahead = got.len();
            got.resize(900_000, 0);
            read.read_exact(&mut got[ahead..]).await.unwrap();
            got
        };
        let ((), got) = tokio::join!(sending, receiving);
        assert!(
            got == pattern(900_000, 2),
            "the body was changed on the way"
        );
    }
    assert_eq!(origin.connections(), 1);
}

/// What was on its way when a client left is no part of anybody else's response.
#[tokio::test]
async fn bytes_of_a_response_that_broke_off_reach_nobody_else() {
    let origin = origin::http(|request: Request<Incoming>| async move {
        let seed = request.uri().path().len() as u8;
        Response::new(Full::from(pattern(1 << 20, seed)))
    })
    .await;
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&simple(&[origin.address])));
    for round in 0..10 {
        let mut leaver = Raw::connect(at).await;
        leaver
            .send("GET /leaver HTTP/1.1\r\nhost: a.example\r\n\r\n")
            .await;
        leaver.until("\r\n\r\n").await.unwrap();
        let mut some = vec![0; 1 + round * 10_000];
        leaver.stream.read_exact(&mut some).await.unwrap();
        drop(leaver);
        let mut client = Raw::connect(at).await;
        client
            .send("GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n")
            .await;
        let mut got = Vec::new();
        client.stream.read_to_end(&mut got).await.unwrap();
        let end = got.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        assert!(got[end..] == pattern(1 << 20, 1), "round {round}");
    }
}

/// gRPC is carried by HTTP/2 alone: a backend of which nothing is said is spoken to in it, other requests are not.
#[tokio::test]
async fn grpc_requests_go_over_http2_where_no_protocol_is_said() {
    let origin = origin::http(|request: Request<Incoming>| {
        let version = format!("{:?}", request.version());
        std::future::ready(Response::new(Full::from(version)))
    })
    .await;
    let unsaid = Backend {
        protocol: AppProtocol::Http,
        ..backend("a", &[origin.address])
    };
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let (_proxy, at) = serve(&ir(vec![listener], vec![unsaid]));
    let mut client = Raw::connect(at).await;
    let post = |kind: &str| {
        format!(
            "POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\ncontent-length: 0\r\n\r\n"
        )
    };
    client.send(&post("application/grpc")).await;
    assert_eq!(client.answer().await.body, "HTTP/2.0");
    client.send(&post("application/json")).await;
    assert_eq!(client.answer().await.body, "HTTP/1.1");
}
