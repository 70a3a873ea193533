//! Answers that are given before the request was read whole.

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
