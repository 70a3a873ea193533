//! Requests that a server of `envoy.service.ratelimit.v3.RateLimitService` counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    DescriptorEntry, FieldMatch, FieldTest, ListenerSettings, RateLimitDescriptors,
    RateLimitServer, Target, TextMatch, TextMatchKind,
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::Raw;
use crate::support::origin::{self, Origin};
use crate::support::{backend, h2c, id, ir, listener, rule, serve, set, to};

/// A server that tells what it gets, and answers with this code.
async fn counts(code: u8) -> (Origin, UnboundedReceiver<Vec<u8>>) {
    let (sender, got) = unbounded_channel();
    let origin = origin::http(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
            assert_eq!(request.uri().path(), path);
            let body = request.into_body().collect().await.unwrap().to_bytes();
            sender.send(body[5..].to_vec()).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let header = [field(1, b"x-limit"), field(2, b"7")].concat();
            let message = [vec![1 << 3, code], field(3, &header)].concat();
            let length = u8::try_from(message.len()).unwrap();
            let answer = Bytes::from([vec![0, 0, 0, 0, length], message].concat());
            let frames = [Frame::data(answer), Frame::trailers(trailers)];
            let frames = frames.map(Ok::<_, std::io::Error>);
            let body = BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)));
            let mut response = Response::new(body);
            let kind = "application/grpc".parse().unwrap();
            response.headers_mut().insert("content-type", kind);
            response
        }
    })
    .await;
    (origin, got)
}

fn server(mandatory: bool) -> RateLimitServer {
    RateLimitServer {
        server: Target::Backend(id("limits")),
        authority: None,
        domain: "custom".into(),
        timeout: Duration::from_secs(5),
        mandatory,
        before_authorization: false,
    }
}

fn descriptors() -> RateLimitDescriptors {
    let header = |name| HeaderName::new(name).unwrap();
    let gold = TextMatch {
        kind: TextMatchKind::Exact("gold".into()),
        ignores_case: false,
    };
    let descriptors = vec![
        vec![
            DescriptorEntry::Fixed("generic_key".into(), "a".into()),
            DescriptorEntry::Header(header("x-user"), "user".into()),
        ],
        vec![DescriptorEntry::IfHeaders {
            value: "vip".into(),
            expected: true,
            headers: vec![FieldMatch {
                name: "x-tier".into(),
                test: FieldTest::Text(gold),
                inverted: false,
            }],
        }],
    ];
    RateLimitDescriptors {
        descriptors,
        includes_host: false,
    }
}

async fn serving(
    limits: SocketAddr,
    mandatory: bool,
) -> (gateway_dataplane::Proxy, SocketAddr, Origin) {
    let origin = origin::says("passed").await;
    let mut limited = rule(vec![to("a")]);
    limited.settings.rate_limit_descriptors = set(descriptors());
    let routes = vec![("/set", limited), ("/", rule(vec![to("a")]))];
    let backends = vec![
        backend("a", &[origin.address]),
        h2c(backend("limits", &[limits])),
    ];
    let mut settings = ListenerSettings::default();
    settings.rate_limit_server = set(server(mandatory));
    let mut listener = listener("http", routes);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], backends));
    (proxy, at, origin)
}

/// The status for a request with these lines.
async fn status(at: SocketAddr, path: &str, lines: &str) -> u16 {
    let mut client = Raw::connect(at).await;
    client
        .send(&format!(
            "GET {path} HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n"
        ))
        .await;
    client.answer().await.status
}

/// A field with a length: that of a message or text.
fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend(content);
    bytes
}

fn entry(key: &str, value: &str) -> Vec<u8> {
    field(
        1,
        &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat(),
    )
}

#[tokio::test]
async fn the_server_is_told_of_the_descriptors_that_are_whole() {
    let (limits, mut got) = counts(1).await;
    let (_proxy, at, _origin) = serving(limits.address, true).await;
    assert_eq!(status(at, "/set", "x-user: ann\r\n").await, 200);
    let one = field(
        2,
        &[entry("generic_key", "a"), entry("user", "ann")].concat(),
    );
    let domain = field(1, b"custom");
    assert_eq!(got.recv().await.unwrap(), [domain.clone(), one].concat());
    assert_eq!(status(at, "/set", "x-tier: gold\r\n").await, 200);
    let one = field(2, &entry("header_match", "vip"));
    assert_eq!(got.recv().await.unwrap(), [domain, one].concat());
    assert_eq!(status(at, "/set", "x-tier: tin\r\n").await, 200);
    assert_eq!(status(at, "/", "x-user: ann\r\n").await, 200);
    assert!(got.try_recv().is_err());
}

#[tokio::test]
async fn what_is_over_the_limit_is_answered() {
    let (limits, _got) = counts(2).await;
    let (_proxy, at, origin) = serving(limits.address, false).await;
    let mut client = Raw::connect(at).await;
    client
        .send("GET /set HTTP/1.1\r\nhost: a.example\r\nx-user: ann\r\n\r\n")
        .await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("x-limit")), (429, Some("7")));
    assert_eq!(answer.header("x-envoy-ratelimited"), Some("true"));
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn without_an_answer_requests_pass_unless_it_is_mandatory() {
    for (mandatory, want) in [(false, 200), (true, 500)] {
        let (_proxy, at, _origin) = serving(origin::nobody(), mandatory).await;
        assert_eq!(status(at, "/set", "x-user: ann\r\n").await, want);
    }
}
