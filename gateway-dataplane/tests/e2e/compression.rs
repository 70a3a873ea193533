//! Responses that are compressed on their way.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir::{Compression, ListenerSettings};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{backend, ir, listener, rule, serve, set, to};

const TEXT: &str = "a text that is long enough to be compressed, compressed, compressed";

/// Answers with the text, its type out of the path, and the header that the query asks for.
async fn texts() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let uri = request.uri();
        let kind = match uri.path() {
            "/png" => "image/png",
            _ => "text/plain; charset=utf-8",
        };
        let text = if uri.path() == "/short" {
            "short"
        } else {
            TEXT
        };
        let mut response = Response::builder().header("content-type", kind);
        if let Some((name, value)) = uri.query().and_then(|query| query.split_once('=')) {
            response = response.header(name, value);
        }
        let seen = request.headers().contains_key("accept-encoding");
        let response = response.header("x-seen", seen.to_string());
        response.body(Full::from(text)).unwrap()
    })
    .await
}

fn compression() -> Compression {
    Compression {
        level: 6,
        min_length: 30,
        types: vec!["text/plain".into()],
        respects_etag: false,
        hides_from_backend: true,
    }
}

async fn serving(compression: Compression) -> (gateway_dataplane::Proxy, SocketAddr, Origin) {
    let origin = texts().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.compression = set(compression);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    (proxy, at, origin)
}

/// The answer over HTTP/2, whose body may be any bytes.
async fn ask(at: SocketAddr, path: &str, accept: &str) -> Response<Bytes> {
    let request = Request::get(format!("http://a.example{path}"));
    let request = request.header("accept-encoding", accept);
    let request = request.body(Full::default()).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes);
    decoder.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_response_is_compressed_for_clients_that_accept_it() {
    let (_proxy, at, _origin) = serving(compression()).await;
    for accept in ["gzip", "br, gzip;q=0.5", "*"] {
        let answer = ask(at, "/", accept).await;
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{accept}");
        assert_eq!(answer.headers()["vary"], "Accept-Encoding");
        assert_eq!(answer.headers()["x-seen"], "false");
        assert_eq!(unpacked(answer.body()), TEXT);
    }
    for accept in ["br", "gzip;q=0", "", "*;q=0"] {
        let answer = ask(at, "/", accept).await;
        assert!(
            !answer.headers().contains_key("content-encoding"),
            "{accept}"
        );
        assert_eq!(answer.body(), TEXT);
    }
    let plain = Raw::connect(at).await.get("/").await;
    assert_eq!(plain.body, TEXT);
}

#[tokio::test]
async fn over_http1_a_compressed_response_comes_in_chunks() {
    let (_proxy, at, _origin) = serving(compression()).await;
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\naccept-encoding: gzip\r\n\r\n";
    client.send(head).await;
    let head = client.until("\r\n\r\n").await.unwrap().to_ascii_lowercase();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
}

#[tokio::test]
async fn what_is_short_or_packed_already_or_not_to_be_changed_is_left_alone() {
    let (_proxy, at, _origin) = serving(compression()).await;
    for path in [
        "/short",
        "/png",
        "/?content-encoding=br",
        "/?cache-control=no-transform",
    ] {
        let answer = ask(at, path, "gzip").await;
        let coding = answer.headers().get("content-encoding");
        assert!(coding.is_none_or(|coding| coding == "br"), "{path}");
    }
}

/// RFC 9110 section 8.8.3: a strong validator is for the bytes as they are.
#[tokio::test]
async fn a_strong_tag_goes_or_keeps_the_response_from_being_compressed() {
    let (_proxy, at, _origin) = serving(compression()).await;
    let strong = ask(at, "/?etag=%22a%22", "gzip").await;
    assert_eq!(strong.headers()["content-encoding"], "gzip");
    assert!(!strong.headers().contains_key("etag"));
    let weak = ask(at, "/?etag=W/%22a%22", "gzip").await;
    assert!(weak.headers().contains_key("etag"));
    let respects_etag = true;
    let (_proxy, at, _origin) = serving(Compression {
        respects_etag,
        ..compression()
    })
    .await;
    let kept = ask(at, "/?etag=%22a%22", "gzip").await;
    assert!(
        !kept.headers().contains_key("content-encoding") && kept.headers().contains_key("etag")
    );
}
