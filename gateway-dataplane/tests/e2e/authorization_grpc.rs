//! Rules whose requests a server of `envoy.service.auth.v3.Authorization` has to let in (GEP-1494).

use std::net::SocketAddr;
use std::num::NonZeroU16;

use bytes::Bytes;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    Authorization, AuthorizationProtocol, GrpcAuthorization, Named, Target, Unanswered,
};
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::proto::{field, find, number, only};
use crate::support::{authorized, backend, h2c, id, ir, listener, rule, serve, to};

/// `HeaderValueOption`.
fn header(name: &str, value: &str) -> Vec<u8> {
    field(
        1,
        &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat(),
    )
}

/// `CheckResponse` for the value of `x-key`.
fn judged(key: Option<&str>) -> Vec<u8> {
    let status = |code| field(1, &number(1, code));
    match key {
        Some("secret") => {
            let ok = [
                field(2, &header("x-user", "ann")),
                field(5, b"x-key"),
                field(6, &header("x-seen", "yes")),
            ];
            [status(0), field(3, &ok.concat())].concat()
        }
        Some("plain") => status(0),
        Some("bare") => status(7),
        _ => {
            let denied = [
                field(1, &number(1, 401)),
                field(2, &header("www-authenticate", "Basic")),
                field(3, b"who are you?"),
            ];
            [status(16), field(2, &denied.concat())].concat()
        }
    }
}

/// A server of gRPC that tells what it gets, and answers by the header `x-key` that it is told of.
async fn judge(status: &'static str) -> (Origin, UnboundedReceiver<Vec<u8>>) {
    let (sender, got) = unbounded_channel();
    let origin = origin::http(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let path = request.uri().path();
            assert_eq!(path, "/envoy.service.auth.v3.Authorization/Check");
            assert_eq!(request.headers()["content-type"], "application/grpc");
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let message = body[5..].to_vec();
            assert_eq!(body[..5], [0, 0, 0, 0, message.len() as u8]);
            let headers = find(only(&message, &[1, 4, 2]), 3);
            let key = headers.iter().find(|entry| only(entry, &[1]) == b"x-key");
            let key = key.map(|entry| str::from_utf8(only(entry, &[2])).unwrap());
            let answer = judged(key);
            sender.send(message).unwrap();
            answered(&answer, status)
        }
    })
    .await;
    (origin, got)
}

fn answered(message: &[u8], status: &str) -> Response<BoxBody<Bytes, std::io::Error>> {
    let mut framed = vec![0, 0, 0, 0, u8::try_from(message.len()).unwrap()];
    framed.extend(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().unwrap());
    let frames = [Frame::data(Bytes::from(framed)), Frame::trailers(trailers)];
    let frames = futures_util::stream::iter(frames.map(Ok));
    let body = BodyExt::boxed(StreamBody::new(frames));
    let mut response = Response::new(body);
    let kind = "application/grpc".parse().unwrap();
    response.headers_mut().insert("content-type", kind);
    response
}

fn over_grpc(headers: Named) -> Authorization {
    let context = vec![("tier".into(), "gold".into())];
    Authorization {
        server: Target::Backend(id("auth")),
        protocol: AuthorizationProtocol::Grpc(GrpcAuthorization {
            headers,
            context,
            ..GrpcAuthorization::default()
        }),
        body: None,
        timeout: None,
        unanswered: Unanswered::Refuse(NonZeroU16::new(403).unwrap()),
        reserved: Vec::new(),
        reroutes: false,
    }
}

/// Answers with the `x-user` and the `x-key` that it gets.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let field = |name: &str| request.headers().get(name).cloned();
        let seen = format!("{:?} {:?}", field("x-user"), field("x-key"));
        Response::new(Full::from(seen))
    })
    .await
}

async fn guarded(
    auth: &Origin,
    asked: Authorization,
    origin: &Origin,
) -> (gateway_dataplane::Proxy, SocketAddr) {
    let rule = authorized(rule(vec![to("a")]), asked);
    serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![
            backend("a", &[origin.address]),
            h2c(backend("auth", &[auth.address])),
        ],
    ))
}

#[tokio::test]
async fn what_the_server_says_of_headers_is_done() {
    let ((auth, _got), origin) = (judge("0").await, echo().await);
    let (_proxy, at) = guarded(&auth, over_grpc(Named::All), &origin).await;
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\nx-key: secret\r\n\r\n")
        .await;
    let answer = client.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "Some(\"ann\") None"));
    assert_eq!(answer.header("x-seen"), Some("yes"));
    let request = Request::get("http://a.example/").header("x-key", "secret");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-seen"]),
        (200, &"yes".parse().unwrap())
    );
    let plain = "GET / HTTP/1.1\r\nhost: a.example\r\nx-key: plain\r\n\r\n";
    client.send(plain).await;
    assert_eq!(client.answer().await.body, "None Some(\"plain\")");
}

#[tokio::test]
async fn what_is_denied_is_answered_as_the_server_says() {
    let ((auth, _got), origin) = (judge("0").await, echo().await);
    let (_proxy, at) = guarded(&auth, over_grpc(Named::All), &origin).await;
    let mut client = Raw::connect(at).await;
    let refused = client.get("/").await;
    assert_eq!((refused.status, &*refused.body), (401, "who are you?"));
    assert_eq!(refused.header("www-authenticate"), Some("basic"));
    let bare = "GET / HTTP/1.1\r\nhost: a.example\r\nx-key: bare\r\n\r\n";
    client.send(bare).await;
    assert_eq!(client.answer().await.status, 403);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_call_that_fails_lets_nobody_in() {
    let ((auth, _got), origin) = (judge("14").await, echo().await);
    let (_proxy, at) = guarded(&auth, over_grpc(Named::All), &origin).await;
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\nx-key: secret\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 403);
}

/// The fields of `envoy.service.auth.v3.AttributeContext`, by their numbers.
#[tokio::test]
async fn the_server_is_told_of_the_request() {
    let ((auth, mut got), origin) = (judge("0").await, echo().await);
    let some = Named::Only(vec![HeaderName::new("X-Key").unwrap()]);
    let (_proxy, at) = guarded(&auth, over_grpc(some), &origin).await;
    let mut client = Raw::connect(at).await;
    let local = client.stream.local_addr().unwrap();
    let head = "POST /a?b=c HTTP/1.1\r\nhost: a.example\r\nx-key: secret\r\n";
    client
        .send(&format!("{head}cookie: a=b\r\ncontent-length: 0\r\n\r\n"))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let message = got.recv().await.unwrap();
    let context = only(&message, &[1]);
    let http = only(context, &[4, 2]);
    for (tag, want) in [
        (2, "POST"),
        (4, "/a?b=c"),
        (5, "a.example"),
        (6, "http"),
        (10, "HTTP/1.1"),
    ] {
        assert_eq!(only(http, &[tag]), want.as_bytes(), "{tag}");
    }
    assert_eq!(find(http, 3).len(), 1);
    assert_eq!(
        only(context, &[1, 1, 1, 2]),
        local.ip().to_string().as_bytes()
    );
    assert_eq!(only(context, &[10, 1]), b"tier");
    assert_eq!(only(context, &[10, 2]), b"gold");
}
