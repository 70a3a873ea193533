//! gRPC for clients that have no trailers.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway_resolve::ir::{GrpcWeb, ListenerSettings};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};

use crate::support::client::http2;
use crate::support::origin::{self, Origin};
use crate::support::{backend, h2c, ir, listener, rule, serve, set, to};

/// Answers with the message that it gets, and trailers.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let kind = request.headers()["content-type"].clone();
        assert_eq!(request.headers()["te"], "trailers");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames = [Frame::data(body), Frame::trailers(trailers)];
        let frames = frames.map(Ok::<_, std::io::Error>);
        let body = BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)));
        let mut response = Response::new(body);
        response.headers_mut().insert("content-type", kind);
        response
    })
    .await
}

async fn serving(on: bool) -> (gateway_dataplane::Proxy, SocketAddr, Origin) {
    let origin = echo().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.grpc_web = on.then(|| set(GrpcWeb {}).unwrap());
    listener.settings = Arc::new(settings);
    let backends = vec![h2c(backend("a", &[origin.address]))];
    let (proxy, at) = serve(&ir(vec![listener], backends));
    (proxy, at, origin)
}

/// Type and body of the answer, and whether it has trailers.
async fn ask(at: SocketAddr, kind: &str, body: Bytes) -> (String, Bytes, bool) {
    let request = Request::post("http://a.example/a.B/C").header("content-type", kind);
    let request = request
        .header("te", "trailers")
        .body(Full::from(body))
        .unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let collected = answer.into_body().collect().await.unwrap();
    let trailers = collected.trailers().is_some();
    (kind, collected.to_bytes(), trailers)
}

const MESSAGE: &[u8] = b"\0\0\0\0\x02hi";
const TRAILERS: &[u8] = b"\x80\0\0\0\x10grpc-status: 0\r\n";

#[tokio::test]
async fn trailers_are_the_last_frame_of_the_body() {
    let (_proxy, at, _origin) = serving(true).await;
    let message = Bytes::from_static(MESSAGE);
    let (kind, body, trailers) = ask(at, "application/grpc-web+proto", message.clone()).await;
    assert_eq!(
        (kind.as_str(), trailers),
        ("application/grpc-web+proto", false)
    );
    assert_eq!(body, [MESSAGE, TRAILERS].concat());
    let (kind, body, trailers) = ask(at, "application/grpc+proto", message).await;
    assert!(trailers);
    assert_eq!((kind.as_str(), &*body), ("application/grpc+proto", MESSAGE));
}

#[tokio::test]
async fn bodies_of_text_are_base64() {
    let (_proxy, at, _origin) = serving(true).await;
    let (first, second) = MESSAGE.split_at(2);
    let sent = STANDARD.encode(first) + &STANDARD.encode(second);
    let (kind, body, trailers) = ask(at, "application/grpc-web-text", sent.into()).await;
    assert_eq!(
        (kind.as_str(), trailers),
        ("application/grpc-web-text", false)
    );
    let parts = [STANDARD.encode(MESSAGE), STANDARD.encode(TRAILERS)].concat();
    assert_eq!(body, parts);
}

#[tokio::test]
async fn where_it_is_not_asked_for_nothing_is_translated() {
    let (_proxy, at, _origin) = serving(false).await;
    let (kind, body, trailers) = ask(at, "application/grpc-web", Bytes::from_static(MESSAGE)).await;
    assert!(trailers);
    assert_eq!((kind.as_str(), &*body), ("application/grpc-web", MESSAGE));
}
