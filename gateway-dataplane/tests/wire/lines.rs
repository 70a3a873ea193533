//! Lines of a head that are not as they should be.

use crate::support::{Rig, get};

/// A `GET` with one more header line.
fn with(line: &str) -> String {
    format!("GET / HTTP/1.1\r\nhost: a.example\r\n{line}\r\n\r\n")
}

/// RFC 9112 section 5.2.
#[tokio::test]
async fn folded_lines_are_refused() {
    let rig = Rig::new().await;
    for line in [
        "x-a: b\r\n c",
        "x-a: b\r\n\tc",
        "x-a:\r\n b",
        "transfer-encoding:\r\n chunked",
    ] {
        rig.refuses(400, with(line)).await;
    }
}

/// RFC 9112 section 2.2: white space there may be read as anything but the start of a header.
#[tokio::test]
async fn white_space_before_the_first_header_is_refused() {
    let rig = Rig::new().await;
    for space in [" ", "\t"] {
        let lines = format!("{space}x: y\r\nhost: a.example\r\n\r\n");
        rig.refuses(400, format!("GET / HTTP/1.1\r\n{lines}")).await;
    }
}

/// RFC 9112 section 2.2: a single LF may be taken as the end of a line. What is forwarded has CRLF,
/// so that nobody behind can read it in another way.
#[tokio::test]
async fn a_bare_lf_ends_a_line_and_is_forwarded_as_crlf() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let head = "POST / HTTP/1.1\nhost: a.example\nx-a: b\ntransfer-encoding: chunked\n\n";
    client.send(format!("{head}5\r\nhello\r\n0\r\n\r\n")).await;
    assert_eq!(client.answer().await.status, 200);
    let request = rig.backend.request();
    assert_eq!(
        request.matches('\n').count(),
        request.matches("\r\n").count()
    );
    assert!(request.contains("\r\nx-a: b\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
}

/// RFC 9112 section 2.2.
#[tokio::test]
async fn a_bare_cr_is_refused() {
    let rig = Rig::new().await;
    for bytes in [
        with("x: a\rb"),
        with("x: a\r\rb"),
        with("x\r: a"),
        "GET / HTTP/1.1\rhost: a.example\r\r".to_owned(),
        "GET /\r HTTP/1.1\r\nhost: a.example\r\n\r\n".to_owned(),
    ] {
        rig.refuses(400, bytes).await;
    }
}

/// RFC 9110 section 5.5: NUL is refused or replaced; other control characters may be refused too.
#[tokio::test]
async fn control_characters_in_values_are_refused() {
    let rig = Rig::new().await;
    for control in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{1b}', '\u{7f}'] {
        rig.refuses(400, with(&format!("x: a{control}b"))).await;
        rig.refuses(400, with(&format!("x:{control}"))).await;
    }
}

/// RFC 9110 section 5.5: bytes beyond ASCII are opaque data.
#[tokio::test]
async fn values_beyond_ascii_pass_as_they_are() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client.send(with("x: caf\u{e9} \t\u{fc}")).await;
    assert_eq!(client.answer().await.status, 200);
    assert!(rig.backend.request().contains("x: caf\u{e9} \t\u{fc}\r\n"));
}

/// RFC 9110 section 5.1: names are tokens. RFC 9112 section 5: there is a colon.
#[tokio::test]
async fn names_that_are_no_tokens_are_refused() {
    let rig = Rig::new().await;
    for line in [
        "x(y): b",
        "x\u{fc}: b",
        "x\0: b",
        "x y: b",
        "x@y: b",
        "\"x\": b",
        ": b",
        "x",
    ] {
        rig.refuses(400, with(line)).await;
    }
}

/// RFC 9110 section 5.1: underscores are part of a token, and such a header is no other one.
#[tokio::test]
async fn a_name_with_an_underscore_is_just_another_header() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client.send(with("content_length: 5")).await;
    assert_eq!(client.answer().await.status, 200);
    client.send(get("/next")).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(rig.backend.requests().len(), 2);
}

/// RFC 9112 section 3: method, target and version with single spaces between.
#[tokio::test]
async fn request_lines_that_do_not_parse_are_refused() {
    let rig = Rig::new().await;
    for line in [
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1",
        "G(T / HTTP/1.1",
        " / HTTP/1.1",
        "GET HTTP/1.1",
        "GET /a\0b HTTP/1.1",
        "GET /<> HTTP/1.1",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        rig.refuses(400, format!("{line}\r\nhost: a.example\r\n\r\n"))
            .await;
    }
}

/// RFC 9112 section 2.3: versions of HTTP/1 only; HTTP/0.9 and HTTP/2 are not spoken on such a line.
/// RFC 9110 section 15.6.6 offers 505, 400 is as good.
#[tokio::test]
async fn other_versions_are_refused() {
    let rig = Rig::new().await;
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/1.10",
        "HTTP/2.0",
        "HTTP/3",
        "http/1.1",
        "HTTP/11",
        "HTTPS/1.1",
    ] {
        rig.refuses(400, format!("GET / {version}\r\nhost: a.example\r\n\r\n"))
            .await;
    }
    rig.refuses(400, "GET /\r\n").await;
}

/// RFC 9112 section 2.2: one empty line at least is skipped before a request.
#[tokio::test]
async fn empty_lines_before_a_request_are_skipped() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    for _ in 0..2 {
        client.send(format!("\r\n{}", get("/"))).await;
        assert_eq!(client.answer().await.status, 200);
    }
}

/// RFC 9110 section 9.1: methods are case-sensitive, so that another case is another method.
#[tokio::test]
async fn methods_are_forwarded_as_they_are() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client
        .send(get("/").to_ascii_lowercase().replace("http/", "HTTP/"))
        .await;
    assert_eq!(client.answer().await.status, 200);
    assert!(rig.backend.request().starts_with("get / HTTP/1.1\r\n"));
}
