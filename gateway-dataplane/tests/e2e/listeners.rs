//! What settings say of a listener's connections, and what it answers by itself.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_resolve::ir::{
    ConnectionLimit, HealthAnswer, ListenerSettings, LocalRateLimit, RegisteredMethods,
};
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{
    backend, builder, certificate, for_host, ir, ir_with, listener, over_tls, rule, serve, set,
    tls, to,
};

/// A listener with these settings, before an origin that answers everything.
async fn serving(change: impl FnOnce(&mut ListenerSettings)) -> (Proxy, SocketAddr, Origin) {
    let origin = origin::says("a").await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    change(&mut settings);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    (proxy, at, origin)
}

async fn status_over_http2(at: SocketAddr, method: &str, path: &str) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://a.example{path}"));
    let request = request.body(Full::<Bytes>::default()).unwrap();
    http2(at)
        .await
        .send_request(request)
        .await
        .unwrap()
        .status()
}

fn health(target: &str) -> impl FnOnce(&mut ListenerSettings) {
    let target = target.into();
    |settings| settings.health_answer = set(HealthAnswer { target })
}

/// K8sGateway, `healthCheck`: an exact match of path and query, whatever the routes.
#[tokio::test]
async fn a_health_check_is_answered_without_a_backend() {
    let origin = origin::says("a").await;
    let mut listener = listener("http", vec![("/app", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    health("/healthz?full")(&mut settings);
    listener.settings = Arc::new(settings);
    let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let mut client = Raw::connect(at).await;
    let answer = client.get("/healthz?full").await;
    assert_eq!((answer.status, &*answer.body), (200, ""));
    for (path, status) in [("/healthz", 404), ("/healthz?full=1", 404), ("/app", 200)] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    assert_eq!(status_over_http2(at, "GET", "/healthz?full").await, 200);
    assert_eq!(status_over_http2(at, "GET", "/healthz").await, 404);
}

#[tokio::test]
async fn without_settings_a_health_check_is_a_request_like_others() {
    let (_proxy, at, _origin) = serving(|_| {}).await;
    assert_eq!(Raw::connect(at).await.get("/healthz?full").await.body, "a");
}

fn limit(connections: u32, delay: Duration) -> impl FnOnce(&mut ListenerSettings) {
    let connections = NonZeroU32::new(connections).unwrap();
    move |settings| settings.connection_limit = set(ConnectionLimit { connections, delay })
}

/// K8sGateway, `connectionLimit`: those beyond are closed, after a delay.
#[tokio::test]
async fn connections_beyond_the_limit_are_closed_after_a_while() {
    let delay = Duration::from_millis(300);
    let (_proxy, at, _origin) = serving(limit(2, delay)).await;
    let (mut first, mut second) = (Raw::connect(at).await, Raw::connect(at).await);
    assert_eq!(first.get("/").await.body, "a");
    assert_eq!(second.get("/").await.body, "a");
    let (begun, mut third) = (Instant::now(), Raw::connect(at).await);
    assert_eq!(third.rest().await, "");
    assert!(begun.elapsed() >= delay, "{:?}", begun.elapsed());
    drop(first);
    // The place is free once the proxy has seen that.
    let again = async {
        loop {
            let mut next = Raw::connect(at).await;
            if next.try_send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await
                && next
                    .try_answer()
                    .await
                    .is_some_and(|answer| answer.body == "a")
            {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again)
        .await
        .unwrap();
    assert_eq!(second.get("/").await.body, "a");
}

/// Listeners that share a port are told apart by the server name of the handshake.
#[tokio::test]
async fn over_tls_each_listener_counts_its_own_connections() {
    let origin = origin::says("a").await;
    let certificate = certificate("both", &["full.example", "open.example"]);
    let one = |name: &str, limited: bool| {
        let host = format!("{name}.example");
        let mut listener = for_host(listener(name, vec![("/", rule(vec![to("a")]))]), &host);
        let mut settings = ListenerSettings::default();
        if limited {
            limit(1, Duration::ZERO)(&mut settings);
        }
        listener.settings = Arc::new(settings);
        over_tls(listener, &[&certificate])
    };
    let backends = vec![backend("a", &[origin.address])];
    let listeners = vec![one("full", true), one("open", false)];
    let (_proxy, at) = serve(&ir_with(listeners, backends, vec![certificate.clone()]));
    let _held = tls::connect(at, "full.example").await.unwrap();
    assert!(tls::connect(at, "full.example").await.is_err());
    for _ in 0..3 {
        assert!(tls::connect(at, "open.example").await.is_ok());
    }
}

/// K8sGateway, `networkLocalRatelimit`: a token for each connection.
#[tokio::test]
async fn connections_without_a_token_are_closed() {
    let (_proxy, at, _origin) = serving(|settings| {
        settings.connection_rate_limit = set(LocalRateLimit {
            tokens: NonZeroU32::new(2).unwrap(),
            refill: NonZeroU32::MIN,
            interval: Duration::from_secs(3600),
        });
    })
    .await;
    for _ in 0..2 {
        assert_eq!(Raw::connect(at).await.get("/").await.body, "a");
    }
    assert_eq!(Raw::connect(at).await.rest().await, "");
}

/// K8sGateway, `headerValidationSettings`.
#[tokio::test]
async fn methods_have_to_be_registered_where_that_is_asked_for() {
    async fn ask(at: SocketAddr, method: &str) -> u16 {
        let mut client = Raw::connect(at).await;
        client
            .send(&format!("{method} / HTTP/1.1\r\nhost: a.example\r\n\r\n"))
            .await;
        client.answer().await.status
    }
    let (_proxy, at, _origin) =
        serving(|settings| settings.registered_methods = set(RegisteredMethods {})).await;
    for (method, status) in [("BREW", 400), ("get", 400), ("PROPFIND", 200), ("GET", 200)] {
        assert_eq!(ask(at, method).await, status, "{method}");
    }
    assert_eq!(status_over_http2(at, "BREW", "/").await, 200);
    let (_proxy, at, _origin) = serving(|_| {}).await;
    assert_eq!(ask(at, "BREW").await, 200);
}

/// What a listener says is for its own hosts, also where others share its port.
#[tokio::test]
async fn in_clear_each_listener_answers_its_own_health_checks() {
    let origin = origin::says("a").await;
    let one = |name: &str, path: Option<&str>| {
        let mut listener = listener(name, vec![("/", rule(vec![to("a")]))]);
        let mut settings = ListenerSettings::default();
        if let Some(path) = path {
            health(path)(&mut settings);
        }
        listener.settings = Arc::new(settings);
        for_host(listener, &format!("{name}.example"))
    };
    let listeners = vec![one("a", Some("/healthz")), one("b", None)];
    let proxy = builder().start().unwrap();
    let applied = proxy.apply(&ir(listeners, vec![backend("a", &[origin.address])]));
    let at = crate::support::address(&applied);
    for (target, body) in [
        ("/healthz HTTP/1.1\r\nhost: a.example", ""),
        ("/healthz HTTP/1.1\r\nhost: A.example:80", ""),
        ("http://a.example/healthz HTTP/1.1\r\nhost: b.example", ""),
        ("/healthz HTTP/1.1\r\nhost: b.example", "a"),
    ] {
        let mut client = Raw::connect(at).await;
        client.send(&format!("GET {target}\r\n\r\n")).await;
        assert_eq!(client.answer().await.body, body, "{target}");
    }
}
