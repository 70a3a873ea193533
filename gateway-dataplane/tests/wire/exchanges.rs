//! The order of requests and responses, and exchanges that break off.

use crate::support::backend::Reply;
use crate::support::client::status;
use crate::support::{Rig, get, post};

/// RFC 9112 section 9.3.2.
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let refused = "OPTIONS /refused HTTP/1.1\r\nhost: a.example\r\nexpect: x\r\n\r\n";
    let requests = [
        get("/1"),
        post("content-length: 5\r\n", "hello"),
        "HEAD /3 HTTP/1.1\r\nhost: a.example\r\n\r\n".to_owned(),
        post("transfer-encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n"),
        refused.to_owned(),
        get("/never"),
    ];
    client.send(requests.concat()).await;
    assert!(client.answer().await.body == "ok");
    assert!(client.answer().await.body == "ok");
    assert_eq!(status(&client.head().await), 200);
    assert!(client.answer().await.body == "ok");
    assert_eq!(client.answer().await.status, 417);
    client.closes().await;
    let lines: Vec<_> = rig
        .backend
        .requests()
        .iter()
        .map(|request| request.lines().next().unwrap().to_owned())
        .collect();
    let methods: Vec<_> = lines.iter().map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["GET", "POST", "HEAD", "POST"]);
}

/// RFC 9112 section 9.6: nothing is served after `close`.
#[tokio::test]
async fn what_follows_connection_close_is_ignored() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let last = "GET / HTTP/1.1\r\nhost: a.example\r\nconnection: x, Close\r\n\r\n";
    client.send(format!("{last}{}", get("/never"))).await;
    let answer = client.answer().await;
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    client.closes().await;
    assert_eq!(rig.backend.requests().len(), 1);
}

/// RFC 9112 section 8: the end of the connection does not complete a request, and what is incomplete
/// does not reach the backend as if it were whole.
#[tokio::test]
async fn a_client_that_leaves_within_a_body_ends_the_exchange_upstream() {
    for (line, body) in [
        ("content-length: 10\r\n", "hello"),
        ("transfer-encoding: chunked\r\n", "a\r\nhello"),
        ("transfer-encoding: chunked\r\n", "5\r\nhello\r\n"),
    ] {
        let rig = Rig::new().await;
        let mut client = rig.connect().await;
        client.send(post(line, body)).await;
        rig.backend.gets("hello").await;
        drop(client);
        rig.backend.is_left().await;
        assert!(rig.backend.requests().is_empty());
        assert!(!rig.backend.bytes().contains("\r\n0\r\n"));
        rig.still_serves().await;
    }
}

/// The backend is told when nobody waits for its response.
#[tokio::test]
async fn a_client_that_leaves_within_a_response_ends_it_upstream() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart";
    let rig = Rig::answering(Reply::of(part)).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    client.until("part").await;
    drop(client);
    rig.backend.is_left().await;
}

/// RFC 9112 section 9.3 and RFC 9110 section 10.1.1: a final response may come before the end of the
/// request; it is passed on at once, and what comes of the body afterwards is no request.
#[tokio::test]
async fn a_response_that_comes_early_is_passed_on_at_once() {
    let refusal =
        "HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig";
    let rig = Rig::answering(Reply::early(refusal).last()).await;
    let mut client = rig.connect().await;
    client
        .send(post("content-length: 1000000\r\n", "hello"))
        .await;
    let answer = client.answer().await;
    assert_eq!((answer.status, &*answer.body), (413, "big"));
    client.send(get("/smuggled")).await;
    client.closes().await;
    assert!(rig.backend.requests().is_empty());
    assert!(!rig.backend.bytes().contains("smuggled"));
}

/// RFC 9112 section 9.6: a client that is busy sending gets to read why it should stop.
#[tokio::test]
async fn a_refusal_reaches_a_client_that_goes_on_sending() {
    let rig = Rig::new().await;
    for lines in ["expect: x\r\n", "host: b.example\r\n"] {
        let mut client = rig.connect().await;
        let length = 20 << 20;
        client
            .send(post(&format!("{lines}content-length: {length}\r\n"), ""))
            .await;
        for _ in 0..20 {
            client.send(vec![b'x'; 1 << 20]).await;
        }
        assert!(client.answer().await.status >= 400);
    }
    assert_eq!(rig.backend.bytes(), "");
}

/// The same while the body goes on. What was not read when the exchange ended may end the connection,
/// but is never a request.
#[tokio::test]
async fn the_rest_of_a_body_after_an_early_response_is_no_request() {
    let early = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let rig = Rig::answering(Reply::early(early)).await;
    let mut client = rig.connect().await;
    let smuggled = get("/smuggled");
    let length = 5 + smuggled.len();
    client
        .send(post(&format!("content-length: {length}\r\n"), "hello"))
        .await;
    assert_eq!(client.answer().await.body, "ok");
    client.send(smuggled + &get("/next")).await;
    if let Some(next) = client.try_answer().await {
        assert_eq!(next.status, 200);
    }
    for request in rig.backend.requests() {
        assert!(!request.starts_with("GET /smuggled"), "{request}");
    }
}

const EXPECT: &str = "expect: 100-continue\r\ncontent-length: 5\r\n";

/// RFC 9110 section 10.1.1: the backend decides; 100 is sent when it wants the body.
#[tokio::test]
async fn the_client_is_asked_for_the_body_when_the_backend_asks() {
    let reply = Reply::OK.after("HTTP/1.1 100 Continue\r\n\r\n");
    let rig = Rig::with(reply, |limits| {
        limits.expect_continue = std::time::Duration::from_secs(600);
    })
    .await;
    let mut client = rig.connect().await;
    client.send(post(EXPECT, "")).await;
    assert_eq!(status(&client.head().await), 100);
    assert!(rig.backend.bytes().contains("expect: 100-continue\r\n"));
    client.send("hello").await;
    assert_eq!(status(&client.head().await), 200);
    assert!(rig.backend.request().ends_with("\r\n\r\nhello"));
}

/// RFC 9110 section 10.1.1: no 100 when the final status is known without the body.
#[tokio::test]
async fn the_client_is_not_asked_for_a_body_that_nobody_wants() {
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    let rig = Rig::answering(Reply::early(refusal)).await;
    let mut client = rig.connect().await;
    client.send(post(EXPECT, "")).await;
    let head = client.head().await;
    assert_eq!(status(&head), 403);
    client.exactly(2).await;
    assert!(!rig.backend.bytes().contains("hello"));
    // Without a route there is no one to ask.
    let mut client = rig.connect().await;
    let nowhere = post(EXPECT, "").replace("host: a.example", "host: a b");
    client.send(nowhere).await;
    assert_eq!(status(&client.head().await), 400);
}

/// RFC 9110 section 10.1.1: nor while the final response is on its way, however long that takes.
#[tokio::test]
async fn the_client_is_not_asked_within_a_response() {
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nno";
    let rig = Rig::with(Reply::early(refusal), |limits| {
        limits.expect_continue = std::time::Duration::from_millis(20);
        limits.stalled = std::time::Duration::from_millis(400);
    })
    .await;
    let mut client = rig.connect().await;
    client.send(post(EXPECT, "")).await;
    let head = client.head().await;
    assert_eq!(status(&head), 403);
    assert!(head.contains("connection: close\r\n"), "{head}");
    assert_eq!(client.rest().await, "no");
}

/// RFC 9110 section 10.1.1: a backend that knows no 100 gets the body after a while.
#[tokio::test]
async fn the_body_is_sent_unasked_after_a_while() {
    let rig = Rig::with(Reply::OK, |limits| {
        limits.expect_continue = std::time::Duration::from_millis(20);
    })
    .await;
    let mut client = rig.connect().await;
    client.send(post(EXPECT, "")).await;
    assert_eq!(status(&client.head().await), 100);
    client.send("hello").await;
    assert_eq!(client.answer().await.status, 200);
    assert!(rig.backend.request().ends_with("\r\n\r\nhello"));
}

/// RFC 9110 section 10.1.1: 417 for what is not `100-continue`.
#[tokio::test]
async fn other_expectations_are_refused() {
    let rig = Rig::new().await;
    for value in ["other", "100-continue, other", "200-ok", "\"100-continue\""] {
        let lines = format!("expect: {value}\r\ncontent-length: 5\r\n");
        rig.refuses(417, post(&lines, "hello")).await;
    }
}

/// RFC 9110 section 10.1.1: in HTTP/1.0 it means nothing.
#[tokio::test]
async fn http_1_0_is_not_asked_to_continue() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    let request = post(EXPECT, "hello").replace("HTTP/1.1", "HTTP/1.0");
    client.send(request).await;
    assert_eq!(status(&client.head().await), 200);
    assert!(!rig.backend.request().contains("expect"));
}

/// RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5; RFC 9112 section 6.3.
#[tokio::test]
async fn responses_that_have_no_body_end_with_their_head() {
    let rows = [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n"),
    ];
    for (method, reply) in rows {
        let rig = Rig::answering(Reply::of(reply)).await;
        let mut client = rig.connect().await;
        for path in ["/1", "/2"] {
            client.send(get(path).replace("GET", method)).await;
            let head = client.head().await;
            assert_eq!(status(&head), status(reply), "{head}");
            if method == "HEAD" && reply.contains("content-length") {
                assert!(head.contains("content-length: 1000\r\n"), "{head}");
            }
            if status(reply) == 204 {
                assert!(!head.contains("content-length"), "{head}");
                assert!(!head.contains("transfer-encoding"), "{head}");
            }
        }
        assert_eq!(rig.backend.requests().len(), 2, "{reply}");
    }
}

/// RFC 9112 sections 6.1 and 9.3: HTTP/1.0 knows no chunks; the end of the connection is the end.
#[tokio::test]
async fn http_1_0_clients_are_not_sent_chunks() {
    let reply = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let rig = Rig::answering(Reply::of(reply)).await;
    for line in ["", "connection: keep-alive\r\n"] {
        let mut client = rig.connect().await;
        let request = format!("GET / HTTP/1.0\r\nhost: a.example\r\n{line}\r\n");
        client.send(request).await;
        let head = client.head().await;
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert_eq!(client.rest().await, "hello");
    }
}
