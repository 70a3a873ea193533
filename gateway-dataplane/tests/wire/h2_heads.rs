//! Requests over HTTP/2 that are malformed (RFC 9113 section 8.1.1): the stream is ended with
//! `PROTOCOL_ERROR`, or answered with 400, which a server may do first.

use crate::support::Rig;
use crate::support::h2::{
    DATA, END_HEADERS, END_STREAM, GET, H2, HEADERS, Outcome, PROTOCOL_ERROR, block, frame,
    get_with,
};

type Fields<'a> = Vec<(&'a str, &'a str)>;

/// [`GET`] without one field.
fn without(name: &str) -> Fields<'static> {
    GET.into_iter().filter(|field| field.0 != name).collect()
}

/// [`GET`] with another value for a field.
fn changed<'a>(name: &str, value: &'a str) -> Fields<'a> {
    let change = |field: (&'a str, &'a str)| match field.0 == name {
        true => (field.0, value),
        false => field,
    };
    GET.into_iter().map(change).collect()
}

/// What becomes of a request with these fields; nothing of it may arrive when it is not served, and the
/// next request on the same connection is served.
async fn outcome(fields: &[(&str, &str)]) -> Outcome {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, fields).await;
    let outcome = h2.outcome(1).await;
    if outcome != Outcome::Status(200) {
        assert_eq!(rig.backend.bytes(), "", "{fields:?}");
    }
    if !matches!(outcome, Outcome::GoAway(_) | Outcome::Closed) {
        h2.request(3, &GET).await;
        assert_eq!(h2.outcome(3).await, Outcome::Status(200));
    }
    rig.still_serves().await;
    outcome
}

async fn is_malformed(fields: &[(&str, &str)]) {
    let outcome = outcome(fields).await;
    let refused = [
        Outcome::Reset(PROTOCOL_ERROR),
        Outcome::GoAway(PROTOCOL_ERROR),
        Outcome::Status(400),
    ];
    assert!(refused.contains(&outcome), "{fields:?}: {outcome:?}");
}

#[tokio::test]
async fn a_request_as_it_should_be_is_served() {
    assert_eq!(outcome(&GET).await, Outcome::Status(200));
    let host = [GET[0], GET[1], GET[2], ("host", "a.example")];
    assert_eq!(outcome(&host).await, Outcome::Status(200));
}

/// RFC 9113 section 8.3.1: method, scheme and path once each; an authority or a host.
#[tokio::test]
async fn missing_pseudo_headers_are_malformed() {
    for name in [":method", ":scheme", ":path", ":authority"] {
        is_malformed(&without(name)).await;
    }
}

/// RFC 9113 section 8.3.
#[tokio::test]
async fn repeated_pseudo_headers_are_malformed() {
    for field in GET {
        let repeated = [&[field][..], &GET].concat();
        is_malformed(&repeated).await;
    }
    let other = get_with(&[(":path", "/other")]);
    is_malformed(&other).await;
}

/// RFC 9113 section 8.3.
#[tokio::test]
async fn pseudo_headers_behind_others_are_malformed() {
    for name in [":method", ":scheme", ":path", ":authority"] {
        let field = GET.into_iter().find(|field| field.0 == name).unwrap();
        let late = [&without(name)[..], &[("x", "y"), field]].concat();
        is_malformed(&late).await;
    }
}

/// RFC 9113 section 8.3: names that are not defined, and those of responses.
#[tokio::test]
async fn unknown_pseudo_headers_are_malformed() {
    for name in [":status", ":x", ":", ":protocol", ":Path", ":host"] {
        is_malformed(&[&[(name, "200")][..], &GET].concat()).await;
    }
}

/// RFC 9113 section 8.2.1: names in lower case, tokens; values without control characters or white space
/// at their ends.
#[tokio::test]
async fn fields_that_would_not_survive_http_1_are_malformed() {
    for (name, value) in [
        ("X-Upper", "y"),
        ("x y", "z"),
        ("x:y", "z"),
        ("x\r\ny", "z"),
        ("", "z"),
        ("x", "y\r\nsmuggled: z"),
        ("x", "y\nz"),
        ("x", "y\0z"),
        ("x", "y\rz"),
    ] {
        is_malformed(&get_with(&[(name, value)])).await;
    }
}

/// RFC 9113 section 8.2.1.
#[tokio::test]
async fn values_with_space_around_them_are_malformed() {
    for value in [" y", "y ", "\ty", "y\t", " "] {
        is_malformed(&get_with(&[("x", value)])).await;
    }
}

/// RFC 9113 section 8.2.3: they are one field to all who do not speak HTTP/2.
#[tokio::test]
async fn cookies_are_joined() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let cookies = [
        ("cookie", "sid=1"),
        ("x", "y"),
        ("cookie", "csrf=2"),
        ("cookie", "c=3"),
    ];
    h2.request(1, &get_with(&cookies)).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    let request = rig.backend.request();
    assert!(
        request.contains("\r\ncookie: sid=1; csrf=2; c=3\r\n"),
        "{request}"
    );
    assert_eq!(request.matches("cookie").count(), 1, "{request}");
}

/// RFC 9113 section 8.2.2.
#[tokio::test]
async fn connection_specific_headers_are_malformed() {
    for field in [
        ("connection", "close"),
        ("connection", "x"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
    ] {
        is_malformed(&get_with(&[field])).await;
    }
    let te = get_with(&[("te", "trailers")]);
    assert_eq!(outcome(&te).await, Outcome::Status(200));
}

/// RFC 9113 section 8.3.1.
#[tokio::test]
async fn paths_that_are_none_are_malformed() {
    for path in [
        "",
        "a",
        "a/b",
        "*",
        "?x",
        "http://b.example/",
        "/a b",
        "/a\r\nb",
        "/a\0",
    ] {
        is_malformed(&changed(":path", path)).await;
    }
}

/// RFC 9113 section 8.3.1: authority and host have to name the same.
#[tokio::test]
async fn a_host_that_differs_from_the_authority_is_malformed() {
    is_malformed(&get_with(&[("host", "b.example")])).await;
    is_malformed(&get_with(&[("host", "a.example"), ("host", "a.example")])).await;
    is_malformed(&get_with(&[("host", "a.example, b.example")])).await;
    let same = get_with(&[("host", "A.example")]);
    assert_eq!(outcome(&same).await, Outcome::Status(200));
}

/// RFC 9113 section 8.3.1 (no user information), RFC 3986 section 3.2.
#[tokio::test]
async fn authorities_that_are_none_are_malformed() {
    for authority in [
        "",
        "me@a.example",
        "a b",
        "a/b",
        "a.example:99999",
        "a\r\nb",
        "[::1",
    ] {
        is_malformed(&changed(":authority", authority)).await;
    }
}

/// The scheme is that of a request, whatever the connection is.
#[tokio::test]
async fn schemes_that_are_not_served_are_malformed() {
    for scheme in ["", "ftp", "ht tp", "http://x"] {
        is_malformed(&changed(":scheme", scheme)).await;
    }
}

/// RFC 9113 section 8.5: no tunnel here.
#[tokio::test]
async fn connect_is_refused_over_http_2_as_well() {
    let fields = [(":method", "CONNECT"), (":authority", "a.example:80")];
    assert_eq!(outcome(&fields).await, Outcome::Status(501));
}

/// RFC 9113 section 8.1.1: the length has to be the sum of the DATA frames.
#[tokio::test]
async fn a_content_length_that_does_not_match_the_data_is_malformed() {
    for (length, data) in [("3", "hello"), ("10", "hello"), ("0", "hello")] {
        let rig = Rig::new().await;
        let mut h2 = H2::connect(&rig).await;
        let fields = [
            &[(":method", "POST")],
            &GET[1..],
            &[("content-length", length)],
        ]
        .concat();
        // At once: a length of 0 alone is a request that may be answered.
        let head = frame(HEADERS, END_HEADERS, 1, block(&fields));
        h2.send([head, frame(DATA, END_STREAM, 1, data)].concat())
            .await;
        let outcome = h2.outcome(1).await;
        let refused = [Outcome::Reset(PROTOCOL_ERROR), Outcome::Status(400)];
        assert!(refused.contains(&outcome), "{length}: {outcome:?}");
        h2.request(3, &GET).await;
        assert_eq!(h2.outcome(3).await, Outcome::Status(200));
        let requests = rig.backend.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        assert!(requests[0].starts_with("GET / "), "{requests:?}");
    }
}

/// RFC 9113 section 8.1.1, without a body, and RFC 9110 section 8.6.
#[tokio::test]
async fn content_lengths_that_are_no_number_are_malformed() {
    for fields in [
        &[("content-length", "5")][..],
        &[("content-length", "+0")],
        &[("content-length", "0x0")],
        &[("content-length", "0, 0")],
        &[("content-length", "")],
        &[("content-length", "0"), ("content-length", "5")],
    ] {
        is_malformed(&get_with(fields)).await;
    }
}

/// RFC 9110 section 8.6: a repeated length is forwarded once.
#[tokio::test]
async fn a_repeated_content_length_is_forwarded_once() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let length = ("content-length", "5");
    let fields = [&[(":method", "POST")], &GET[1..], &[length, length]].concat();
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    h2.frame(DATA, END_STREAM, 1, "hello").await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    let request = rig.backend.request();
    assert_eq!(request.matches("content-length").count(), 1, "{request}");
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
}

/// RFC 9113 section 8.1: trailers end the stream.
#[tokio::test]
async fn trailers_that_do_not_end_the_stream_are_malformed() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let fields = [&[(":method", "POST")], &GET[1..]].concat();
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    h2.frame(DATA, 0, 1, "hello").await;
    h2.frame(HEADERS, END_HEADERS, 1, block(&[("x", "y")]))
        .await;
    let outcome = h2.outcome(1).await;
    let refused = [
        Outcome::Reset(PROTOCOL_ERROR),
        Outcome::GoAway(PROTOCOL_ERROR),
    ];
    assert!(refused.contains(&outcome), "{outcome:?}");
    rig.backend.is_left().await;
    assert!(rig.backend.requests().is_empty());
}

/// RFC 9113 section 8.1: pseudo-headers are no trailers. The h2 crate drops them rather than the
/// stream; what matters is that they go nowhere.
#[tokio::test]
async fn pseudo_headers_in_trailers_are_not_forwarded() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let announced = [("trailer", "x, path, :path")];
    let fields = [&[(":method", "POST")], &GET[1..], &announced].concat();
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    h2.frame(DATA, 0, 1, "hello").await;
    let trailers = block(&[(":path", "/smuggled"), ("x", "y")]);
    h2.frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers)
        .await;
    match h2.outcome(1).await {
        Outcome::Status(200) => {
            let request = rig.backend.request();
            assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
            assert!(!request.contains("smuggled"), "{request}");
        }
        Outcome::Reset(PROTOCOL_ERROR) => {}
        other => panic!("{other:?}"),
    }
}

/// RFC 9110 section 8.6: a user agent SHOULD send `Content-Length: 0` where the method anticipates content; over
/// HTTP/1.1 a server could else wait for some.
#[tokio::test]
async fn a_post_without_content_says_so_over_http_1() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, &changed(":method", "POST")).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    let request = rig.backend.bytes().to_ascii_lowercase();
    assert!(request.contains("\r\ncontent-length: 0\r\n"), "{request}");
    assert!(!request.contains("transfer-encoding"), "{request}");
}
