//! TLS termination.

use gateway_dataplane::Problem;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::client::Raw;
use crate::support::tls::{client, connect, handshake, showed};
use crate::support::{
    address, backend, builder, certificate, for_host, ir_with, listener, origin, over_tls, rule, to,
};

#[tokio::test]
async fn the_certificate_is_chosen_by_server_name() {
    let exact = certificate("exact", &["a.example.com"]);
    let wildcard = certificate("wildcard", &["*.example.com"]);
    let other = certificate("other", &["other.test"]);
    let first = over_tls(
        for_host(listener("one", vec![]), "*.example.com"),
        &[&wildcard, &exact],
    );
    let second = over_tls(for_host(listener("two", vec![]), "other.test"), &[&other]);
    let certificates = vec![exact.clone(), wildcard.clone(), other.clone()];
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir_with(vec![first, second], vec![], certificates)));
    let rows = [
        ("a.example.com", &exact),
        ("b.example.com", &wildcard),
        ("other.test", &other),
    ];
    for (name, want) in rows {
        assert!(showed(&connect(at, name).await.unwrap(), want), "{name}");
    }
    assert!(connect(at, "unknown.test").await.is_err());
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_and_the_protocol_is_agreed_on() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let listener = over_tls(
        listener("https", vec![("/", rule(vec![to("a")]))]),
        &[&shown],
    );
    let backends = vec![backend("a", &[origin.address])];
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir_with(vec![listener], backends, vec![shown])));
    for version in [&TLS12, &TLS13] {
        let config = client(&["http/1.1"], &[version]);
        let stream = handshake(&config, at, "a.example").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(Raw::over(stream).get("/").await.body, "hello");
    }
    let stream = handshake(&client(&["h2"], &[&TLS13]), at, "a.example")
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

/// RFC 8446 section 6.1: without a closing alert, a response that ends with its connection may have been cut
/// short by anybody.
#[tokio::test]
async fn the_end_of_a_connection_is_said_over_tls() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let listener = over_tls(
        listener("https", vec![("/", rule(vec![to("a")]))]),
        &[&shown],
    );
    let backends = vec![backend("a", &[origin.address])];
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir_with(vec![listener], backends, vec![shown])));
    for lines in ["connection: close\r\n", "host: b\r\n"] {
        let mut stream = connect(at, "a.example").await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        assert!(got.starts_with(b"HTTP/1.1 "));
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_closing_connections() {
    let origin = origin::says("hello").await;
    let (old, new) = (
        certificate("a", &["a.example"]),
        certificate("a", &["a.example"]),
    );
    let ir = |certificate| {
        let routes = vec![("/", rule(vec![to("a")]))];
        let listener = over_tls(listener("https", routes), &[&certificate]);
        ir_with(
            vec![listener],
            vec![backend("a", &[origin.address])],
            vec![certificate],
        )
    };
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir(old.clone())));
    let config = client(&[], &[&TLS13]);
    let stream = handshake(&config, at, "a.example").await.unwrap();
    assert!(showed(&stream, &old));
    let mut kept = Raw::over(stream);
    assert_eq!(kept.get("/").await.body, "hello");
    proxy.apply(&ir(new.clone()));
    assert_eq!(kept.get("/").await.body, "hello");
    assert!(showed(&connect(at, "a.example").await.unwrap(), &new));
}

#[tokio::test]
async fn sessions_are_resumed_after_a_reload() {
    let origin = origin::says("hello").await;
    let shown = certificate("a", &["a.example"]);
    let ir = |name| {
        let routes = vec![(name, rule(vec![to("a")]))];
        let listener = over_tls(listener("https", routes), &[&shown]);
        ir_with(
            vec![listener],
            vec![backend("a", &[origin.address])],
            vec![shown.clone()],
        )
    };
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&ir("/")));
    let config = client(&[], &[&TLS13]);
    let mut first = Raw::over(handshake(&config, at, "a.example").await.unwrap());
    assert_eq!(first.get("/").await.status, 200);
    proxy.apply(&ir("/x"));
    let second = handshake(&config, at, "a.example").await.unwrap();
    assert_eq!(
        second.get_ref().1.handshake_kind(),
        Some(rustls::HandshakeKind::Resumed)
    );
}

#[tokio::test]
async fn a_bad_certificate_is_reported_and_leaves_the_others_alone() {
    let good = certificate("good", &["good.example"]);
    let mut bad = certificate("bad", &["bad.example"]);
    bad.key = certificate("another", &["bad.example"]).key;
    let listener = over_tls(listener("https", vec![]), &[&bad, &good]);
    let proxy = builder().start().unwrap();
    let applied = proxy.apply(&ir_with(vec![listener], vec![], vec![bad, good.clone()]));
    let problems: Vec<_> = applied.problems().map(|(_, problem)| problem).collect();
    assert!(
        matches!(problems[..], [Problem::Certificate(_)]),
        "{problems:?}"
    );
    let at = applied.listeners()[0].bound[0];
    assert!(showed(&connect(at, "good.example").await.unwrap(), &good));
}

/// RFC 9110 section 15.5.20.
#[tokio::test]
async fn a_request_for_another_listeners_host_is_misdirected() {
    let origin = origin::says("hello").await;
    let (a, b) = (
        certificate("a", &["a.example"]),
        certificate("b", &["b.example"]),
    );
    let listeners =
        [("one", "a.example", &a), ("two", "b.example", &b)].map(|(name, host, cert)| {
            let routes = vec![("/", rule(vec![to("a")]))];
            over_tls(for_host(listener(name, routes), host), &[cert])
        });
    let backends = vec![backend("a", &[origin.address])];
    let proxy = builder().start().unwrap();
    let ir = ir_with(listeners.to_vec(), backends, vec![a.clone(), b.clone()]);
    let at = address(&proxy.apply(&ir));
    let mut client = Raw::over(connect(at, "b.example").await.unwrap());
    assert_eq!(client.get("/").await.status, 421);
    let mut client = Raw::over(connect(at, "a.example").await.unwrap());
    assert_eq!(client.get("/").await.status, 200);
}
