//! Heads that are too large or take too long.

use std::time::Duration;

use crate::support::backend::Reply;
use crate::support::h2::{DATA, END_HEADERS, GET, H2, HEADERS, block};
use crate::support::{Rig, get, post};

fn with(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n")
}

/// RFC 6585 section 5, for a head as a whole.
#[tokio::test]
async fn a_head_that_is_too_large_is_answered_with_431() {
    let rig = Rig::with(Reply::OK, |limits| limits.header_bytes = 8_192).await;
    let line = format!("x: {}\r\n", "y".repeat(1_000));
    rig.refuses(431, with(&line.repeat(9))).await;
    rig.still_serves().await;
}

/// RFC 6585 section 5, for one header.
#[tokio::test]
async fn a_header_that_is_too_large_is_answered_with_431() {
    let rig = Rig::with(Reply::OK, |limits| limits.header_bytes = 8_192).await;
    let line = format!("x: {}\r\n", "y".repeat(9_000));
    rig.refuses(431, with(&line)).await;
    let name = format!("{}: y\r\n", "x".repeat(9_000));
    rig.refuses(431, with(&name)).await;
}

/// RFC 9112 section 5.4 (RFC 9110): what is below the limit passes.
#[tokio::test]
async fn a_head_below_the_limits_is_forwarded() {
    let rig = Rig::with(Reply::OK, |limits| limits.header_count = 20).await;
    let mut client = rig.connect().await;
    let line = format!("x: {}\r\n", "y".repeat(3_000));
    client.send(with(&line.repeat(19))).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(rig.backend.request().matches("\r\nx: y").count(), 19);
}

#[tokio::test]
async fn too_many_headers_are_answered_with_431() {
    let rig = Rig::new().await;
    rig.refuses(431, with(&"x: y\r\n".repeat(100))).await;
    let rig = Rig::with(Reply::OK, |limits| limits.header_count = 20).await;
    rig.refuses(431, with(&"x: y\r\n".repeat(20))).await;
    rig.still_serves().await;
}

/// RFC 9110 section 15.5.15; RFC 9112 section 3 recommends to take 8,000 bytes at least. A target that
/// goes beyond the limit of the whole head gets the status of that.
#[tokio::test]
async fn a_target_that_is_too_long_is_answered_with_414() {
    let rig = Rig::new().await;
    let target = |length| get(&format!("/{}", "y".repeat(length)));
    for length in [17_000, 60_000] {
        rig.refuses(414, target(length)).await;
    }
    rig.refuses(431, target(70_000)).await;
    let mut client = rig.connect().await;
    client.send(target(8_000)).await;
    assert_eq!(client.answer().await.status, 200);
}

/// A client that trickles its head in (Slowloris) is cut off, however steady it is.
#[tokio::test]
async fn a_head_that_takes_too_long_ends_the_connection() {
    let limit = Duration::from_millis(100);
    let rig = Rig::with(Reply::OK, |limits| limits.header_read = limit).await;
    for sent in ["", "GET / HTTP/1.1\r\nhost: a.example\r\nx:"] {
        let mut client = rig.connect().await;
        client.send("GET").await;
        client.send(sent).await;
        let mut steady = rig.connect().await;
        steady.send("GET / HTTP/1.1\r\n").await;
        client.closes().await;
        for _ in 0..3 {
            steady.send("x: y\r\n").await;
        }
        steady.closes().await;
    }
    assert_eq!(rig.backend.bytes(), "");
    rig.still_serves().await;
}

/// The time counts anew for each head, not for the connection.
#[tokio::test]
async fn a_second_head_that_takes_too_long_ends_the_connection() {
    let limit = Duration::from_millis(100);
    let rig = Rig::with(Reply::OK, |limits| limits.header_read = limit).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 200);
    client.send("GET / HTTP/1.1\r\n").await;
    client.closes().await;
    assert_eq!(rig.backend.requests().len(), 1);
}

/// A body that stops coming ends both sides: the backend does not wait for ever.
#[tokio::test]
async fn a_body_that_stops_coming_ends_the_exchange() {
    let limit = Duration::from_millis(300);
    let rig = Rig::with(Reply::OK, |limits| limits.stalled = limit).await;
    let mut client = rig.connect().await;
    client.send(post("content-length: 100\r\n", "hello")).await;
    client.closes().await;
    rig.backend.is_left().await;
    assert!(rig.backend.requests().is_empty());
    rig.still_serves().await;
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_in_the_end() {
    let limit = Duration::from_millis(300);
    let rig = Rig::with(Reply::OK, |limits| limits.idle = limit).await;
    rig.connect().await.closes().await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 200);
    client.closes().await;
}

/// RFC 9113 section 6.10: HEADERS whose CONTINUATION never comes, and a preface that does not end.
#[tokio::test]
async fn an_http_2_connection_that_goes_quiet_is_closed() {
    let limit = Duration::from_millis(300);
    let rig = Rig::with(Reply::OK, |limits| {
        limits.header_read = limit;
        limits.idle = limit;
    })
    .await;
    let mut client = rig.connect().await;
    client.send("PRI * HTTP/2.0\r\n").await;
    client.closes().await;
    let mut h2 = H2::connect(&rig).await;
    h2.frame(HEADERS, 0, 1, block(&GET)).await;
    while h2.read().await.is_some() {}
    assert_eq!(rig.backend.bytes(), "");
}

/// The same within a body.
#[tokio::test]
async fn an_http_2_body_that_stops_coming_ends_the_exchange() {
    let limit = Duration::from_millis(300);
    let rig = Rig::with(Reply::OK, |limits| limits.stalled = limit).await;
    let mut h2 = H2::connect(&rig).await;
    let fields = [&[(":method", "POST")], &GET[1..]].concat();
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    h2.frame(DATA, 0, 1, "hello").await;
    while h2.read().await.is_some() {}
    rig.backend.is_left().await;
    assert!(rig.backend.requests().is_empty());
}
