//! How long connections and requests last, as settings of a listener say.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_resolve::ir::{ConnectionTimes, ListenerSettings};
use http::Request;
use http_body_util::Full;

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{address, backend, ir, limited, listener, rule, set, to};

const SHORT: Duration = Duration::from_millis(100);

/// Limits of the data plane that no test here waits for, on a clock that ticks fast.
async fn serving(times: ConnectionTimes, origin: Origin) -> (Proxy, SocketAddr, Origin) {
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.times = set(times);
    listener.settings = Arc::new(settings);
    let proxy = limited(|limits| limits.drain_idle = Duration::from_millis(40));
    let ir = ir(vec![listener], vec![backend("a", &[origin.address])]);
    let at = address(&proxy.apply(&ir));
    (proxy, at, origin)
}

async fn says_a() -> Origin {
    origin::says("a").await
}

#[tokio::test]
async fn a_connection_without_a_request_closes_after_the_listeners_time() {
    let times = ConnectionTimes {
        idle: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let (_proxy, at, _origin) = serving(times, says_a().await).await;
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.body, "a");
    let begun = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn the_last_request_of_a_connection_is_told_so() {
    let times = ConnectionTimes {
        requests: NonZeroU32::new(2),
        ..ConnectionTimes::default()
    };
    let (_proxy, at, _origin) = serving(times, says_a().await).await;
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.header("connection"), None);
    assert_eq!(client.get("/").await.header("connection"), Some("close"));
    assert_eq!(client.rest().await, "");
    let mut client = http2(at).await;
    for _ in 0..2 {
        let request = Request::get("http://a.example/")
            .body(Full::<Bytes>::default())
            .unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 200);
    }
    let closed = async {
        while !client.is_closed() {
            let _not_ready = client.ready().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_takes_no_more_requests_when_its_time_is_over() {
    let times = ConnectionTimes {
        whole: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let (_proxy, at, _origin) = serving(times, says_a().await).await;
    let mut client = Raw::connect(at).await;
    let until_closed = async {
        while client.try_send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await {
            match client.try_answer().await {
                Some(answer) => assert_eq!(answer.body, "a"),
                None => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until_closed)
        .await
        .unwrap();
}

/// Envoy, `request_headers_timeout`.
#[tokio::test]
async fn a_head_that_takes_too_long_is_answered() {
    let times = ConnectionTimes {
        head: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let (_proxy, at, _origin) = serving(times, says_a().await).await;
    let mut client = Raw::connect(at).await;
    client.send("GET / HTTP/1.1\r\nhost: a.exam").await;
    assert_eq!(client.answer().await.status, 408);
    assert_eq!(client.rest().await, "");
}

/// Never answers.
async fn silent() -> Origin {
    origin::raw(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap()
}

async fn status_over_http2(at: SocketAddr) -> u16 {
    let request = Request::get("http://a.example/")
        .body(Full::<Bytes>::default())
        .unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    answer.status().as_u16()
}

/// Envoy, `stream_idle_timeout` and `max_stream_duration`: 504 once the request is complete.
#[tokio::test]
async fn a_backend_that_does_nothing_is_not_waited_for_longer_than_the_listener_says() {
    let idle = ConnectionTimes {
        stalled: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let whole = ConnectionTimes {
        exchange: Some(SHORT),
        ..ConnectionTimes::default()
    };
    for times in [idle, whole] {
        let (_proxy, at, _origin) = serving(times, silent().await).await;
        let answer = async { Raw::connect(at).await.get("/").await.status };
        assert_eq!(soon(answer).await, 504);
        assert_eq!(soon(status_over_http2(at)).await, 504);
    }
}

/// Envoy, `stream_idle_timeout` and `request_timeout`: 408 before.
#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for_longer_than_the_listener_says() {
    let idle = ConnectionTimes {
        stalled: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let reading = ConnectionTimes {
        request: Some(SHORT),
        ..ConnectionTimes::default()
    };
    for times in [idle, reading] {
        let shown = format!("{times:?}");
        let (_proxy, at, _origin) = serving(times, silent().await).await;
        let mut client = Raw::connect(at).await;
        client
            .send("POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\nhalf")
            .await;
        assert_eq!(soon(client.answer()).await.status, 408, "{shown}");
    }
}

/// A request that has come is not held to the time for it.
#[tokio::test]
async fn the_time_for_a_request_is_no_time_for_its_response() {
    let times = ConnectionTimes {
        request: Some(SHORT),
        ..ConnectionTimes::default()
    };
    let slow = origin::http(|_request| async {
        tokio::time::sleep(SHORT * 3).await;
        http::Response::new(Full::from("late"))
    });
    let (_proxy, at, _origin) = serving(times, slow.await).await;
    assert_eq!(Raw::connect(at).await.get("/").await.body, "late");
}
