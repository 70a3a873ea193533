//! Where a request ends: the shapes of request smuggling.

use crate::support::backend::Reply;
use crate::support::{Rig, SMUGGLED, post};

/// RFC 9112 section 6.3: `Transfer-Encoding` overrides `Content-Length`, and the connection closes
/// after the response (RFC 9112 section 6.1; refusing such requests is the alternative). Only the length that
/// was used is forwarded.
#[tokio::test]
async fn of_both_lengths_the_chunked_one_counts_and_the_connection_closes() {
    let length = "content-length: 5\r\n";
    let chunked = "transfer-encoding: chunked\r\n";
    for lines in [[length, chunked], [chunked, length]] {
        let rig = Rig::new().await;
        let mut client = rig.connect().await;
        client.send(post(&lines.concat(), "0\r\n\r\n")).await;
        client.send(SMUGGLED).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("connection"), Some("close"));
        client.closes().await;
        let request = rig.backend.request();
        assert!(!request.contains("content-length"), "{request}");
        assert!(request.contains("transfer-encoding: chunked"), "{request}");
        assert!(!rig.backend.bytes().contains("smuggled"));
    }
}

/// RFC 9112 section 6.3: different lengths are an error that nothing can mend.
#[tokio::test]
async fn several_content_lengths_that_differ_are_refused() {
    let rig = Rig::new().await;
    for lines in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 0\r\ncontent-length: 5\r\n",
        "content-length: 5\r\nx: y\r\nContent-Length: 50\r\n",
        "content-length: 5, 6\r\n",
    ] {
        rig.refuses(400, post(lines, "hello")).await;
    }
}

/// RFC 9110 section 8.6: a length that is repeated may be taken once.
#[tokio::test]
async fn a_content_length_that_is_repeated_is_forwarded_once() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let lines = "content-length: 5\r\ncontent-length: 5\r\n";
    client.send(post(lines, "hello")).await;
    assert_eq!(client.answer().await.status, 200);
    let request = rig.backend.request();
    assert_eq!(request.matches("content-length: 5\r\n").count(), 1);
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
}

/// RFC 9110 section 8.6: `1*DIGIT` and nothing else. A list of equal numbers may be refused.
#[tokio::test]
async fn content_lengths_that_are_no_number_are_refused() {
    let rig = Rig::new().await;
    for length in [
        "+5",
        "-5",
        "0x5",
        "5 5",
        "5;",
        "5.0",
        "five",
        "",
        "5, 5",
        "\u{0b}5",
        "99999999999999999999",
    ] {
        let line = format!("content-length: {length}\r\n");
        rig.refuses(400, post(&line, "hello")).await;
    }
}

/// RFC 9112 section 6.3: a request whose last coding is not `chunked` has no end that is known.
#[tokio::test]
async fn transfer_codings_that_do_not_end_in_chunked_are_refused() {
    let rig = Rig::new().await;
    for coding in [
        "xchunked",
        "chunkedx",
        "chunked, identity",
        "chunked, gzip",
        "identity",
        "gzip",
        "\"chunked\"",
        "chunked;a=b",
        "chunk\u{0b}ed",
        "\u{0b}chunked",
        "chunked,",
        "",
    ] {
        let line = format!("transfer-encoding: {coding}\r\n");
        rig.refuses(400, post(&line, "0\r\n\r\n")).await;
    }
}

/// RFC 9112 section 6.1: 501 for codings that are not understood; `chunked` is applied once at most.
#[tokio::test]
async fn transfer_codings_besides_chunked_are_refused() {
    let rig = Rig::new().await;
    for lines in [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: ,chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
    ] {
        rig.refuses(501, post(lines, "0\r\n\r\n")).await;
    }
}

/// RFC 9110 section 5.5 (white space around values) and RFC 9112 section 7 (case of codings).
#[tokio::test]
async fn chunked_is_chunked_however_it_is_written() {
    let rig = Rig::new().await;
    for line in [
        "transfer-encoding:chunked",
        "Transfer-Encoding: \t chunked \t",
        "TRANSFER-ENCODING: CHUNKED",
    ] {
        let mut client = rig.connect().await;
        let body = "5\r\nhello\r\n0\r\n\r\n";
        client.send(post(&format!("{line}\r\n"), body)).await;
        assert_eq!(client.answer().await.status, 200);
        let request = rig.backend.requests().pop().unwrap();
        assert!(request.contains("\r\ntransfer-encoding: chunked\r\n"));
        assert!(request.ends_with(body), "{request}");
    }
}

/// RFC 9112 section 6.1: HTTP/1.0 has no transfer codings; its framing is faulty then.
#[tokio::test]
async fn transfer_codings_in_http_1_0_are_refused() {
    let rig = Rig::new().await;
    let head = "POST / HTTP/1.0\r\nhost: a.example\r\n";
    for lines in ["", "content-length: 5\r\n", "connection: keep-alive\r\n"] {
        let request = format!("{head}{lines}transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
        rig.refuses(400, request).await;
    }
}

/// RFC 9112 section 5.1: no white space between name and colon.
#[tokio::test]
async fn a_space_before_the_colon_is_refused() {
    let rig = Rig::new().await;
    for line in [
        "transfer-encoding : chunked\r\n",
        "transfer-encoding\t: chunked\r\n",
        "content-length : 5\r\n",
        "x-any : 5\r\n",
    ] {
        rig.refuses(400, post(line, "0\r\n\r\n")).await;
    }
}

/// RFC 9110 section 9.3.1: content of a `GET` has no meaning, but a length all the same.
#[tokio::test]
async fn the_body_of_a_get_is_no_request() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let inside = "GET /smuggled HTTP/1.1\r\nhost: b.example\r\n\r\n";
    let length = inside.len();
    let head = format!("GET / HTTP/1.1\r\nhost: a.example\r\ncontent-length: {length}\r\n\r\n");
    client.send(head + inside).await;
    assert_eq!(client.answer().await.status, 200);
    assert!(rig.backend.request().ends_with(inside));
}

/// RFC 9110 section 9.3.1: the same without a length. Search engines are asked this way.
#[tokio::test]
async fn the_body_of_a_get_is_forwarded_in_chunks_as_it_came() {
    for method in ["GET", "HEAD"] {
        let rig = Rig::answering(Reply::of("HTTP/1.1 204 No Content\r\n\r\n")).await;
        let mut client = rig.connect().await;
        let head = "/ HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n";
        client
            .send(format!("{method} {head}5\r\nquery\r\n0\r\n\r\n"))
            .await;
        assert_eq!(client.answer().await.status, 204);
        let request = rig.backend.request();
        assert!(request.contains("transfer-encoding: chunked"), "{request}");
        assert!(request.contains("\r\n5\r\nquery\r\n"), "{request}");
    }
}
