//! Answers that are given before the request was read whole.

use std::time::Duration;

use gateway_dataplane::Limits;

use crate::support::backend::Reply;
use crate::support::h2::{self, H2, Outcome};
use crate::support::{Rig, get};

/// A request that the gateway answers itself, whatever its body.
fn own(lines: &str) -> String {
    format!("OPTIONS / HTTP/1.1\r\nhost: a.example\r\nmax-forwards: 0\r\n{lines}\r\n")
}

/// RFC 9112 section 9.3: a server reads the whole request or closes. What is short is read.
#[tokio::test]
async fn a_short_rest_is_read_and_the_connection_goes_on() {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    for rest in ["0123456789".to_owned(), get("/smuggled")] {
        client
            .send(own(&format!("content-length: {}\r\n", rest.len())))
            .await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
        client.send(rest + &get("/next")).await;
        assert_eq!(client.answer().await.body, "ok");
    }
    let lines = |request: &String| request.lines().next().unwrap().to_owned();
    let requests: Vec<_> = rig.backend.requests().iter().map(lines).collect();
    assert_eq!(requests, ["GET /next HTTP/1.1", "GET /next HTTP/1.1"]);
}

/// RFC 9112 section 9.6: whoever is going to close says so.
#[tokio::test]
async fn a_rest_that_is_not_read_is_said_to_end_the_connection() {
    let rig = Rig::new().await;
    for lines in [
        "content-length: 1000000\r\n",
        "transfer-encoding: chunked\r\n",
        "expect: 100-continue\r\ncontent-length: 10\r\n",
    ] {
        let mut client = rig.connect().await;
        client.send(own(lines)).await;
        let answer = client.answer().await;
        let said = (answer.status, answer.header("connection"));
        assert_eq!(said, (200, Some("close")), "{lines}");
        client.closes().await;
    }
}

/// RFC 9112 section 9.6: a reset would take the answer away from a client that is still sending.
#[tokio::test]
async fn the_answer_can_be_read_by_a_client_that_sends_everything_first() {
    let rig = Rig::new().await;
    for _ in 0..10 {
        let mut client = rig.connect().await;
        client.send(own("content-length: 3000000\r\n")).await;
        client.send(vec![b'x'; 3_000_000]).await;
        assert_eq!(client.answer().await.status, 200);
        client.closes().await;
    }
}

/// A request that the gateway answers itself, over HTTP/2.
const OWN: [(&str, &str); 5] = [
    (":method", "OPTIONS"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/"),
    ("max-forwards", "0"),
];

/// RFC 9113 section 8.1 lets a server reset a stream that it has answered; clients that send everything first lose
/// the answer to it, as they do when their window is never opened again.
#[tokio::test]
async fn over_http2_the_rest_is_read_for_a_while() {
    const FRAME: u32 = 16 << 10;
    let rig = Rig::new().await;
    let mut client = H2::connect(&rig).await;
    client
        .frame(h2::HEADERS, h2::END_HEADERS, 1, h2::block(&OWN))
        .await;
    // Of the connection (RFC 9113 section 6.9.2), and of the stream.
    let mut windows = [65_535, Limits::default().h2_stream_window];
    for left in (0..64).rev() {
        while windows.iter().any(|window| *window < FRAME) {
            let frame = client.read().await.expect("the connection stays open");
            assert_ne!(frame.kind, h2::RST_STREAM, "{left} frames are left");
            if frame.kind == h2::WINDOW_UPDATE {
                windows[frame.stream as usize] += h2::code(&frame.payload);
            }
        }
        windows = windows.map(|window| window - FRAME);
        let flags = if left == 0 { h2::END_STREAM } else { 0 };
        client
            .frame(h2::DATA, flags, 1, [b'x'; FRAME as usize])
            .await;
    }
    client.request(3, &OWN).await;
    assert_eq!(client.outcome(3).await, Outcome::Status(200));
}

/// Who never ends is told to stop.
#[tokio::test]
async fn over_http2_a_rest_that_does_not_end_is_given_up() {
    let linger = Duration::from_millis(50);
    let rig = Rig::with(Reply::OK, |limits| limits.linger = linger).await;
    let mut client = H2::connect(&rig).await;
    client
        .frame(h2::HEADERS, h2::END_HEADERS, 1, h2::block(&OWN))
        .await;
    assert_eq!(client.outcome(1).await, Outcome::Status(200));
    assert_eq!(client.outcome(1).await, Outcome::Reset(0));
}
