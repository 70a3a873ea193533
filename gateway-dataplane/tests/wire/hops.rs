//! Headers that belong to one connection.

use crate::support::backend::Reply;
use crate::support::{Rig, get};

/// The request that arrives for these header lines.
async fn arrives(lines: &str) -> String {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let request = format!("GET / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n");
    client.send(request).await;
    assert_eq!(client.answer().await.status, 200);
    rig.backend.request()
}

/// RFC 9110 section 7.6.1.
#[tokio::test]
async fn hop_by_hop_headers_of_a_request_stop_here() {
    let request = arrives(
        "connection: keep-alive, X-Custom, x-other\r\nconnection: x-third\r\nkeep-alive: timeout=5\r\n\
         proxy-connection: keep-alive\r\nproxy-authorization: Basic eDp5\r\nte: gzip\r\n\
         upgrade: websocket\r\nx-custom: 1\r\nx-other: 2\r\nx-third: 3\r\nx-kept: 4\r\n",
    )
    .await;
    let gone = [
        "connection",
        "keep-alive",
        "proxy-",
        "te:",
        "upgrade",
        "x-custom",
        "x-other",
        "x-third",
    ];
    for name in gone {
        assert!(!request.contains(name), "{name}: {request}");
    }
    assert!(request.contains("\r\nx-kept: 4\r\n"));
}

/// RFC 9110 section 7.6.1: `Connection` must not name what the next hop needs, and naming it does not
/// take it away: neither the host, nor the length, nor what this hop says about the client.
#[tokio::test]
async fn connection_cannot_take_away_what_the_backend_relies_on() {
    let request = arrives(
        "connection: host, content-length, x-forwarded-for, x-forwarded-proto, x-forwarded-host, \
         x-request-id\r\ncontent-length: 0\r\nx-forwarded-for: 9.9.9.9\r\n",
    )
    .await;
    assert!(request.contains("\r\nhost: a.example\r\n"), "{request}");
    assert!(
        request.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nx-forwarded-proto: http\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nx-forwarded-host: a.example\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nx-request-id: "), "{request}");

    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let lines = "connection: content-length, transfer-encoding\r\n";
    for (length, body) in [
        ("content-length: 5\r\n", "hello"),
        ("transfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
    ] {
        client
            .send(crate::support::post(&format!("{lines}{length}"), body))
            .await;
        assert_eq!(client.answer().await.status, 200);
        let request = rig.backend.requests().pop().unwrap();
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }
}

/// RFC 9110 section 10.1.4: `TE` is a matter of each hop; this one takes trailers, and says so with the
/// connection option that goes with it.
#[tokio::test]
async fn te_is_forwarded_for_trailers_alone() {
    let request = arrives("te: gzip, trailers;q=0.5, trailers\r\ntrailer: x-sum\r\n").await;
    assert!(request.contains("\r\nte: trailers\r\n"), "{request}");
    assert!(request.contains("\r\nconnection: te\r\n"), "{request}");
    assert!(request.contains("\r\ntrailer: x-sum\r\n"), "{request}");
    assert!(!arrives("te: gzip\r\n").await.contains("\r\nte:"));
}

/// RFC 9110 section 7.6.1.
#[tokio::test]
async fn hop_by_hop_headers_of_a_response_stop_here() {
    let reply = "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-custom\r\nkeep-alive: timeout=5\r\n\
                 proxy-authenticate: Basic\r\nproxy-connection: x\r\nupgrade: h2c\r\nte: trailers\r\n\
                 x-custom: 1\r\nx-kept: 2\r\ncontent-length: 2\r\n\r\nok";
    let rig = Rig::answering(Reply::of(reply)).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    let answer = client.answer().await;
    let gone = [
        "connection",
        "keep-alive",
        "proxy-",
        "upgrade",
        "te:",
        "x-custom",
    ];
    for name in gone {
        assert!(!answer.head.contains(&format!("\r\n{name}")), "{answer:?}");
    }
    assert_eq!(answer.header("x-kept"), Some("2"));
}

/// RFC 9110 section 7.8: `Upgrade` counts with `Connection: upgrade` in HTTP/1.1 alone, and the gateway
/// does not change to another version of HTTP in this way.
#[tokio::test]
async fn an_upgrade_that_is_not_one_is_an_ordinary_request() {
    for lines in [
        "upgrade: websocket\r\n",
        "connection: keep-alive\r\nupgrade: websocket\r\n",
        "connection: upgrade\r\n",
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    ] {
        let request = arrives(lines).await;
        assert!(!request.contains("upgrade"), "{request}");
        assert!(!request.contains("http2-settings"), "{request}");
    }
}

/// RFC 9110 section 7.8: a server must not switch to a protocol that was not asked for.
#[tokio::test]
async fn a_backend_that_switches_unasked_is_a_bad_gateway() {
    let reply = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let rig = Rig::answering(Reply::of(reply)).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 502);
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 502);
}

/// RFC 9110 section 7.8: after a refused upgrade the connection speaks HTTP as before.
#[tokio::test]
async fn a_refused_upgrade_leaves_the_connection_as_it_was() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let lines = "connection: upgrade\r\nupgrade: websocket\r\n";
    client
        .send(format!(
            "GET /up HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n"
        ))
        .await;
    assert_eq!(client.answer().await.status, 200);
    client.send(get("/next")).await;
    assert_eq!(client.answer().await.status, 200);
    let requests = rig.backend.requests();
    assert!(requests[0].contains("\r\nupgrade: websocket\r\n"));
    assert!(requests[1].starts_with("GET /next "));
}

/// RFC 9110 section 7.6.2.
#[tokio::test]
async fn max_forwards_is_counted_down_and_zero_goes_no_further() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let ask = |method: &str, left: &str| {
        format!("{method} / HTTP/1.1\r\nhost: a.example\r\nmax-forwards: {left}\r\n\r\n")
    };
    for (method, status) in [("OPTIONS", 200), ("TRACE", 501)] {
        client.send(ask(method, "0")).await;
        assert_eq!(client.answer().await.status, status);
    }
    assert_eq!(rig.backend.bytes(), "");
    client.send(ask("OPTIONS", "7")).await;
    assert_eq!(client.answer().await.status, 200);
    assert!(rig.backend.request().contains("\r\nmax-forwards: 6\r\n"));
}
