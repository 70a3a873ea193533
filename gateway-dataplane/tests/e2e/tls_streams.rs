//! TLS that is passed on, or terminated and passed on, beside HTTPS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::AlertDescription;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::Raw;
use crate::support::origin::{nobody, raw, says};
use crate::support::tls::{client, connect, handshake, origin, showed};
use crate::support::{
    address, backend, builder, certificate, for_host, ir, ir_with, limited, listener, over_tls,
    passthrough, rule, serve, terminated, to,
};

/// What is sent on a TLS connection to `host` until it is closed.
async fn told(at: SocketAddr, host: &str) -> String {
    let mut text = String::new();
    let mut stream = connect(at, host).await.unwrap();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn is_alert(error: &io::Error, want: AlertDescription) -> bool {
    let inner = error.get_ref().and_then(|e| e.downcast_ref());
    matches!(inner, Some(rustls::Error::AlertReceived(alert)) if *alert == want)
}

/// HTTPS, TLS passthrough and terminated TLS share a port by server name: listeners by theirs, then routes by theirs;
/// exact names go before wildcards, longer wildcards before shorter ones.
#[tokio::test]
async fn one_port_is_shared_by_server_name() {
    let [web, own, shown] = ["web", "own", "shown"].map(|name| certificate(name, &["*.example"]));
    let http = says("hello").await;
    let plain = raw(async |mut stream| {
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        stream
            .write_all(&heard.map(|b| b.to_ascii_uppercase()))
            .await
            .unwrap();
    })
    .await;
    let [exact, long, short] = [" exact", " long", " short"].map(|text| origin(&own, text));
    let (exact, long, short) = tokio::join!(exact, long, short);
    let listeners = vec![
        over_tls(
            for_host(
                listener("https", vec![("/", rule(vec![to("http")]))]),
                "a.example",
            ),
            &[&web],
        ),
        passthrough(
            listener("pass", vec![]),
            &[
                ("x.y.example", "exact"),
                ("*.y.example", "long"),
                ("*.example", "short"),
            ],
        ),
        terminated(
            for_host(listener("end", vec![]), "*.end.example"),
            &shown,
            &[("", "plain")],
        ),
    ];
    let backends = vec![
        backend("http", &[http.address]),
        backend("plain", &[nobody(), plain.address]),
        backend("exact", &[exact.address]),
        backend("long", &[long.address]),
        backend("short", &[short.address]),
    ];
    let proxy = builder().start().unwrap();
    let certificates = vec![web.clone(), shown.clone()];
    let at = address(&proxy.apply(&ir_with(listeners, backends, certificates)));

    let stream = connect(at, "a.example").await.unwrap();
    assert!(showed(&stream, &web));
    assert_eq!(Raw::over(stream).get("/").await.body, "hello");
    for (name, want) in [
        ("x.y.example", "x.y.example exact"),
        ("z.y.example", "z.y.example long"),
        ("v.z.y.example", "v.z.y.example long"),
        ("y.example", "y.example short"),
    ] {
        assert!(showed(&connect(at, name).await.unwrap(), &own), "{name}");
        assert_eq!(told(at, name).await, want);
    }
    let mut stream = connect(at, "b.end.example").await.unwrap();
    assert!(showed(&stream, &shown));
    stream.write_all(b"ping").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "PING");
}

/// RFC 6066 section 3.
#[tokio::test]
async fn a_name_that_is_not_served_gets_an_alert_beside_https() {
    let shown = certificate("a", &["a.example"]);
    let https = over_tls(for_host(listener("https", vec![]), "a.example"), &[&shown]);
    let (_proxy, at) = serve(&ir_with(vec![https], vec![], vec![shown]));
    for name in ["b.example", "127.0.0.1"] {
        let error = connect(at, name).await.err().unwrap();
        assert!(
            is_alert(&error, AlertDescription::UnrecognisedName),
            "{name}: {error:?}"
        );
    }
}

/// Conformance test TLSRouteHostnameIntersection, whether no listener takes the name or no route of the one that does.
#[tokio::test]
async fn a_connection_for_a_name_that_is_not_served_is_closed_where_tls_is_passed_on() {
    let shown = certificate("a", &["a.example"]);
    let listeners = vec![
        over_tls(for_host(listener("https", vec![]), "a.example"), &[&shown]),
        passthrough(
            for_host(listener("pass", vec![]), "*.pass.example"),
            &[("b.pass.example", "a")],
        ),
        terminated(
            for_host(listener("end", vec![]), "*.end.example"),
            &shown,
            &[],
        ),
    ];
    let ir = ir_with(listeners, vec![backend("a", &[nobody()])], vec![shown]);
    let (_proxy, at) = serve(&ir);
    for name in ["b.example", "c.pass.example", "d.end.example", "127.0.0.1"] {
        let error = connect(at, name).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{name}");
    }
    // Nor can its backend be reached.
    let error = connect(at, "b.pass.example").await.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

/// The first bytes of a client that asks for `name`.
fn client_hello(name: &'static str) -> Vec<u8> {
    let config = client(&["h2"], rustls::ALL_VERSIONS);
    let name = name.try_into().unwrap();
    let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// RFC 8446 section 5.1: a message may be spread over records, and TCP knows nothing of either.
#[tokio::test]
async fn a_client_hello_in_pieces_goes_on_as_it_came() {
    let echo = raw(async |mut stream| {
        let (mut read, mut write) = stream.split();
        let _closed = tokio::io::copy(&mut read, &mut write).await;
    })
    .await;
    let pass = passthrough(listener("pass", vec![]), &[("a.example", "a")]);
    let (_proxy, at) = serve(&ir(vec![pass], vec![backend("a", &[echo.address])]));
    let whole = client_hello("a.example");
    let record = |part: &[u8]| [&[22, 3, 1, 0, part.len() as u8], part].concat();
    let pieces: Vec<u8> = whole[5..].chunks(7).flat_map(record).collect();
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in pieces.chunks(3) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    stream.write_all(b"more").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, [&pieces[..], b"more"].concat());
}

/// Who goes on for too long, or says nothing, is closed, and nobody else notices.
#[tokio::test]
async fn a_client_hello_has_a_limit_in_bytes_and_in_time() {
    let shown = certificate("a", &["a.example"]);
    let origin = origin(&shown, "").await;
    let pass = passthrough(listener("pass", vec![]), &[("", "a")]);
    let proxy = limited(|limits| {
        limits.client_hello = 1_000;
        limits.tls_handshake = Duration::from_secs(1);
    });
    let at = address(&proxy.apply(&ir(vec![pass], vec![backend("a", &[origin.address])])));
    let hello = client_hello("a.example");
    let mut quiet = TcpStream::connect(at).await.unwrap();
    quiet.write_all(&hello[..20]).await.unwrap();
    let mut rest = Vec::new();
    let mut long = TcpStream::connect(at).await.unwrap();
    long.write_all(&[22, 3, 1, 0x10, 0, 1, 0, 0x0f, 0xfc])
        .await
        .unwrap();
    let _reset = long.read_to_end(&mut rest).await;
    assert_eq!(rest, [21, 3, 3, 0, 2, 2, 40]);
    assert_eq!(told(at, "a.example").await, "a.example");
    assert_eq!(quiet.read_to_end(&mut rest).await.unwrap(), 0);
    let config = client(&[], rustls::ALL_VERSIONS);
    assert!(handshake(&config, at, "b.example").await.is_ok());
}
