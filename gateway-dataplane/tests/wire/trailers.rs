//! Trailers from one version of HTTP to another.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use gateway_dataplane::Proxy;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::ir::{address, backend, builder, h2c, ir, listener, origin, rule, to};
use crate::support::backend::Reply;
use crate::support::client::Client;
use crate::support::h2::{DATA, END_HEADERS, END_STREAM, GET, H2, HEADERS, block, frame};
use crate::support::{Rig, post};

/// A proxy in front of an origin that speaks HTTP/2.
fn in_front_of(origin: &origin::Origin) -> (Proxy, std::net::SocketAddr) {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let ir = ir(vec![listener], vec![h2c(backend("a", &[origin.address]))]);
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&ir));
    (proxy, at)
}

/// RFC 9113 section 8.2.2 and RFC 9110 section 6.5.1: a trailer of HTTP/1.1 that HTTP/2 forbids would end
/// the stream, and one that frames or routes would be believed.
#[tokio::test]
async fn forbidden_trailers_do_not_reach_an_http_2_backend() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let sink = Arc::clone(&seen);
    let origin = origin::http(move |request: Request<Incoming>| {
        let sink = Arc::clone(&sink);
        async move {
            let body = request.into_body().collect().await.unwrap();
            *sink.lock().unwrap() = body.trailers().cloned().unwrap_or_default();
            Response::new(Full::from("ok"))
        }
    })
    .await;
    let (_proxy, at) = in_front_of(&origin);
    let mut client = Client::connect(at).await;
    let trailers = "grpc-status: 0\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                    content-length: 9\r\nhost: b.example\r\nauthorization: x\r\nte: gzip\r\n";
    let body = format!("5\r\nhello\r\n0\r\n{trailers}\r\n");
    client
        .send(post("transfer-encoding: chunked\r\n", &body))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let seen = seen.lock().unwrap();
    let names: Vec<_> = seen.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["grpc-status"]);
}

/// RFC 9110 section 6.5.1: trailers of a response go to clients that said `TE: trailers`.
#[tokio::test]
async fn trailers_of_a_response_go_to_clients_that_take_them() {
    let origin = origin::http(|_: Request<Incoming>| async {
        let mut trailers = HeaderMap::new();
        for name in ["grpc-status", "set-cookie", "content-length"] {
            trailers.insert(name, "0".parse().unwrap());
        }
        let frames = [
            Frame::data(Bytes::from_static(b"hello")),
            Frame::trailers(trailers),
        ];
        let frames = frames.map(Ok::<_, std::convert::Infallible>);
        let body = StreamBody::new(stream::iter(frames));
        let mut response = Response::new(body);
        let announced = "grpc-status, set-cookie, content-length".parse().unwrap();
        response.headers_mut().insert("trailer", announced);
        response
    })
    .await;
    let (_proxy, at) = in_front_of(&origin);
    for (te, trailers) in [("te: trailers\r\n", "grpc-status: 0\r\n"), ("", "")] {
        let mut client = Client::connect(at).await;
        client
            .send(format!("GET / HTTP/1.1\r\nhost: a.example\r\n{te}\r\n"))
            .await;
        client.head().await;
        let body = client.until("\r\n\r\n").await;
        assert_eq!(body, format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
    }
}

/// The same from an HTTP/1.1 backend to an HTTP/2 client.
#[tokio::test]
async fn forbidden_trailers_do_not_reach_an_http_2_client() {
    let reply = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\
                 connection: close\r\ntransfer-encoding: gzip\r\n\r\n";
    let rig = Rig::answering(Reply::of(reply)).await;
    let stream = TokioIo::new(TcpStream::connect(rig.at).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://a.example/").header("te", "trailers");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    let names: Vec<_> = body.trailers().unwrap().keys().collect();
    assert_eq!(names, ["x-sum"]);
}

/// Trailers of HTTP/2 become those of a chunked body, when they were announced.
#[tokio::test]
async fn trailers_of_http_2_are_forwarded_over_http_1() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let announced = [("trailer", "x-sum, host")];
    let fields = [&[(":method", "POST")], &GET[1..], &announced].concat();
    h2.send(frame(HEADERS, END_HEADERS, 1, block(&fields)))
        .await;
    h2.send(frame(DATA, 0, 1, "hello")).await;
    let trailers = block(&[("x-sum", "1"), ("host", "b.example")]);
    h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers))
        .await;
    h2.outcome(1).await;
    let request = rig.backend.request();
    assert!(
        request.ends_with("5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"),
        "{request}"
    );
}
