//! Chunked bodies that are not as they should be.

use crate::support::{Rig, SMUGGLED, get, post};

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

/// The request is answered with 400 and the end of the connection, and the backend sees neither its end
/// nor what comes behind.
async fn breaks(body: &str) {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client.send(post(CHUNKED, body)).await;
    client.send(SMUGGLED).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 400, "{body:?}");
    assert_eq!(answer.header("connection"), Some("close"), "{body:?}");
    client.closes().await;
    rig.backend.is_left().await;
    let requests = rig.backend.requests();
    assert!(requests.is_empty(), "{body:?} was forwarded: {requests:?}");
    assert!(!rig.backend.bytes().contains("\r\n0\r\n"), "{body:?}");
    rig.still_serves().await;
}

/// RFC 9112 section 7.1: `1*HEXDIG`.
#[tokio::test]
async fn sizes_that_are_no_hexadecimal_number_are_refused() {
    for size in [
        "-1", "+5", "0x5", "5g", "g", "", " 5", "5 5", "5,", "5_0", "\u{0b}5",
    ] {
        breaks(&format!("{size}\r\nhello\r\n0\r\n\r\n")).await;
    }
}

/// RFC 9112 section 7.1: recipients have to expect large numbers and prevent overflows.
#[tokio::test]
async fn sizes_that_overflow_are_refused() {
    for size in ["10000000000000005", "ffffffffffffffff1"] {
        breaks(&format!("{size}\r\nhello\r\n0\r\n\r\n")).await;
    }
}

/// RFC 9112 section 7.1: leading zeros do not matter.
#[tokio::test]
async fn sizes_with_leading_zeros_are_taken_for_what_they_are() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let size = "0".repeat(40) + "5";
    client
        .send(post(CHUNKED, &format!("{size}\r\nhello\r\n000\r\n\r\n")))
        .await;
    assert_eq!(client.answer().await.status, 200);
    assert!(
        rig.backend
            .request()
            .ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    );
}

/// RFC 9112 section 7.1: a chunk's data is followed by CRLF.
#[tokio::test]
async fn chunks_without_crlf_at_their_end_are_refused() {
    breaks("5\r\nhello0\r\n\r\n").await;
    breaks("5\r\nhello!\r\n0\r\n\r\n").await;
    breaks("5\r\nhello\r0\r\n\r\n").await;
    breaks("4\r\nhello\r\n0\r\n\r\n").await;
}

/// RFC 9112 section 2.2 lets a bare LF end lines of a head, not of chunks.
#[tokio::test]
async fn chunk_lines_that_end_in_a_bare_lf_are_refused() {
    breaks("5\nhello\r\n0\r\n\r\n").await;
    breaks("5\r\nhello\n0\r\n\r\n").await;
    breaks("5\r\nhello\r\n0\n\r\n").await;
    breaks("5;a\nb\r\nhello\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn chunk_lines_with_a_bare_cr_are_refused() {
    breaks("5\rX\nhello\r\n0\r\n\r\n").await;
    breaks("5;a\rb\r\nhello\r\n0\r\n\r\n").await;
}

/// RFC 9112 section 7.1.1: extensions are ignored when unknown, and their length is bounded.
#[tokio::test]
async fn chunk_extensions_are_dropped_and_bounded() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let body = "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n";
    client.send(post(CHUNKED, body)).await;
    assert_eq!(client.answer().await.status, 200);
    assert!(
        rig.backend
            .request()
            .ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    );
    breaks(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000))).await;
}

/// RFC 9112 section 7.1: what follows the last chunk is another request, not a part of this one.
#[tokio::test]
async fn what_follows_the_last_chunk_is_the_next_request() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client.send(post(CHUNKED, "5\r\nhello\r\n0\r\n\r\n")).await;
    client.send(get("/next")).await;
    for _ in 0..2 {
        assert_eq!(client.answer().await.status, 200);
    }
    let requests = rig.backend.requests();
    assert!(requests[0].ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    assert!(requests[1].starts_with("GET /next HTTP/1.1\r\n"));

    let mut client = rig.connect().await;
    client
        .send(post(CHUNKED, "5\r\nhello\r\n0\r\n\r\nnonsense\r\n\r\n"))
        .await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.answer().await.status, 400);
    client.closes().await;
    assert_eq!(rig.backend.requests().len(), 3);
}

/// RFC 9110 section 6.5.1: fields that frame, route or authenticate a message are no trailers, and
/// such are not forwarded; others are when they were announced.
#[tokio::test]
async fn trailers_are_forwarded_without_those_that_are_forbidden() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let announced = "trailer: x-sum, host, content-length, transfer-encoding, authorization\r\n";
    let trailers = "x-sum: 1\r\nhost: b.example\r\ncontent-length: 3\r\n\
                    transfer-encoding: gzip\r\nauthorization: x\r\nx-other: 2\r\n";
    let body = format!("5\r\nhello\r\n0\r\n{trailers}\r\n");
    client
        .send(post(&format!("{announced}{CHUNKED}"), &body))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let request = rig.backend.request();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n");
}

/// RFC 9112 section 7.1.2: trailers are header lines and held to the same rules.
#[tokio::test]
async fn trailers_that_are_no_header_lines_are_refused() {
    for line in [
        "x a: 1",
        "x : 1",
        "x: a\0b",
        "nonsense",
        "x: a\r\n b",
        ": a",
    ] {
        breaks(&format!("5\r\nhello\r\n0\r\n{line}\r\n\r\n")).await;
    }
}

/// Trailers count like headers.
#[tokio::test]
async fn trailers_without_end_are_refused() {
    breaks(&format!("0\r\n{}\r\n", "x: y\r\n".repeat(2_000))).await;
    breaks(&format!("0\r\nx: {}\r\n\r\n", "y".repeat(100_000))).await;
}
