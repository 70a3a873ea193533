//! How long requests may take, and stand still (`RouteAction.idle_timeout` and `MaxStreamDuration` of Envoy).

use std::future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir::{AskedDuration, Ir, RuleSettings, StreamDuration};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use crate::support::client::{Raw, get, http2};
use crate::support::origin::{self, Origin};
use crate::support::{backend, ir, listener, rule, serve, set, to};

const SHORT: Duration = Duration::from_millis(100);

/// A backend that reads requests and never answers.
async fn mute() -> Origin {
    origin::http(|request: Request<Incoming>| async {
        let _read = request.into_body().collect().await;
        future::pending::<()>().await;
        Response::new(Full::from(""))
    })
    .await
}

fn with(origin: &Origin, change: impl FnOnce(&mut RuleSettings)) -> Arc<Ir> {
    let mut rule = rule(vec![to("a")]);
    change(&mut rule.settings);
    ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    )
}

fn idle(limit: Duration) -> impl FnOnce(&mut RuleSettings) {
    move |settings| settings.idle_timeout = set(limit)
}

async fn status_over_http2(at: SocketAddr) -> u16 {
    let request = Request::get("http://a.example/").body(Full::from(""));
    let answer = http2(at).await.send_request(request.unwrap()).await;
    answer.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_backend_that_is_silent_for_too_long_is_given_up() {
    let origin = mute().await;
    let (_proxy, at) = serve(&with(&origin, idle(SHORT)));
    assert_eq!(get(at, "/").await.status, 504);
    assert_eq!(status_over_http2(at).await, 504);
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_of_its_request_is_told_so() {
    let origin = mute().await;
    let (_proxy, at) = serve(&with(&origin, idle(SHORT)));
    let mut client = Raw::connect(at).await;
    client
        .send("POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\nabc")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("connection"), Some("close"));
}

/// Sends a head, then a byte after each of so many pauses, then nothing.
async fn slow(pauses: usize) -> Origin {
    origin::raw(move |stream| async move {
        let mut client = Raw::over(stream);
        client.until("\r\n\r\n").await;
        client
            .send("HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n")
            .await;
        for _ in 0..pauses {
            sleep(SHORT / 2).await;
            let _left = client.stream.write_all(b"x").await;
        }
        future::pending::<()>().await;
    })
    .await
}

#[tokio::test]
async fn a_response_that_stands_still_breaks_off_and_one_that_moves_does_not() {
    for (pauses, received) in [(3, None), (30, Some(30))] {
        let origin = slow(pauses).await;
        let (_proxy, at) = serve(&with(&origin, idle(SHORT * 10)));
        let mut client = Raw::connect(at).await;
        client
            .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
            .await;
        let head = client.until("\r\n\r\n").await.unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let body = client.until(&"x".repeat(30)).await;
        assert_eq!(body.map(|body| body.len()), received);
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_time_whatever_moves() {
    let origin = slow(30).await;
    let limit = StreamDuration {
        limit: Some(SHORT * 5),
        asked: None,
    };
    let (_proxy, at) = serve(&with(&origin, |s| s.stream_duration = set(limit)));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    assert_eq!(client.until(&"x".repeat(30)).await, None);
}

#[tokio::test]
async fn the_time_that_a_client_gives_itself_counts_where_it_is_asked_for() {
    let origin = mute().await;
    let limit = StreamDuration {
        limit: Some(Duration::from_secs(3600)),
        asked: Some(AskedDuration::default()),
    };
    let (_proxy, at) = serve(&with(&origin, |s| s.stream_duration = set(limit)));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\ngrpc-timeout: 100m\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 504);
}
