//! Responses that are not as they should be.

use crate::support::backend::Reply;
use crate::support::client::{Answer, status};
use crate::support::{Rig, get};

/// The answer to one request, and what follows until the connection closes.
async fn answered(reply: Reply) -> (Answer, String) {
    let rig = Rig::answering(reply).await;
    let mut client = rig.connect().await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n")
        .await;
    let answer = client.answer().await;
    let rest = client.rest().await;
    (answer, rest)
}

/// The connection that this reply came over is not used again.
async fn is_not_reused(reply: Reply) {
    let rig = Rig::answering(reply).await;
    let mut client = rig.connect().await;
    for _ in 0..2 {
        client.send(get("/")).await;
        client.answer().await;
    }
    rig.backend.is_left().await;
}

/// RFC 9112 section 6.3: both lengths in a response may be an attempt at response splitting, which ought
/// to be an error.
#[tokio::test]
async fn both_lengths_in_a_response_are_a_bad_gateway() {
    for lines in [
        "content-length: 50\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
    ] {
        let reply: &'static str =
            format!("HTTP/1.1 200 OK\r\n{lines}\r\n5\r\nhello\r\n0\r\n\r\n").leak();
        let (answer, rest) = answered(Reply::of(reply)).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{lines}");
        is_not_reused(Reply::of(reply)).await;
    }
}

/// RFC 9112 section 7.4: no coding but `chunked` was offered, and nobody could undo it later.
#[tokio::test]
async fn codings_of_a_response_besides_chunked_are_a_bad_gateway() {
    for coding in [
        "gzip, chunked",
        "gzip",
        "identity",
        "chunked, chunked",
        "chunked, gzip",
    ] {
        let reply: &'static str =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n0\r\n\r\n").leak();
        let (answer, rest) = answered(Reply::of(reply)).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{coding}");
    }
}

/// RFC 9110 section 8.6: a repeated length is made one, a list of equal ones may be refused.
#[tokio::test]
async fn a_length_of_a_response_that_is_repeated_is_passed_on_once() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok";
    let (answer, rest) = answered(Reply::of(reply)).await;
    assert_eq!((answer.status, &*answer.body, &*rest), (200, "ok", ""));
    assert_eq!(answer.head.matches("content-length").count(), 1);
}

/// RFC 9112 section 6.3: an invalid length makes a response useless: 502.
#[tokio::test]
async fn lengths_of_a_response_that_are_invalid_are_a_bad_gateway() {
    for lines in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: +5\r\n",
        "content-length: 5x\r\n",
        "content-length: \r\n",
        "content-length: 5, 5\r\n",
        "content-length: 99999999999999999999\r\n",
    ] {
        let reply: &'static str = format!("HTTP/1.1 200 OK\r\n{lines}\r\nhello").leak();
        let (answer, rest) = answered(Reply::of(reply)).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{lines}");
    }
}

/// RFC 9112 section 4 and RFC 9110 section 15.6.3.
#[tokio::test]
async fn heads_that_do_not_parse_are_a_bad_gateway() {
    for reply in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx : z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\n x: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let reply = Reply::of(reply).last();
        let (answer, rest) = answered(reply).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{reply:?}");
    }
}

/// The head of a response is bounded as well.
#[tokio::test]
async fn heads_of_a_response_that_are_too_large_are_a_bad_gateway() {
    let many: &'static str = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)).leak();
    let long: &'static str =
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)).leak();
    for reply in [many, long] {
        let (answer, rest) = answered(Reply::of(reply)).await;
        assert_eq!((answer.status, &*rest), (502, ""));
    }
}

/// RFC 9110 section 15.2: interim responses that nobody asked for are dropped, not taken for the final
/// one.
#[tokio::test]
async fn interim_responses_are_not_final() {
    let reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n\
                 HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let (answer, rest) = answered(Reply::of(reply)).await;
    assert_eq!((answer.status, &*answer.body, &*rest), (200, "ok", ""));
}

#[tokio::test]
async fn a_connection_that_closes_before_the_head_is_a_bad_gateway() {
    for reply in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let (answer, rest) = answered(Reply::of(reply).last()).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{reply:?}");
    }
}

/// RFC 9112 section 8: what is incomplete is not passed on as complete: the client's connection closes
/// without the end of the body, and without another response.
#[tokio::test]
async fn a_body_that_breaks_off_ends_the_clients_connection() {
    for reply in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nhello",
    ] {
        let rig = Rig::answering(Reply::of(reply)).await;
        let mut client = rig.connect().await;
        client.send(get("/")).await;
        client.send(get("/next")).await;
        assert!(client.head().await.starts_with("http/1.1 200"));
        client.until("hello").await;
        drop(rig.backend);
        let rest = client.rest().await;
        assert!(["", "\r\n"].contains(&&*rest), "{reply:?}: {rest:?}");
    }
}

/// RFC 9112 section 7.1, as in requests.
#[tokio::test]
async fn bad_chunks_of_a_response_end_the_clients_connection() {
    for chunks in [
        "5\r\nhello\r\n-1\r\n\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\r\n0x1\r\n!\r\n0\r\n\r\n",
        "5\r\nhello\r\n10000000000000001\r\n!\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nx y: z\r\n\r\n",
    ] {
        let reply: &'static str =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").leak();
        let rig = Rig::answering(Reply::of(reply)).await;
        let mut client = rig.connect().await;
        client.send(get("/")).await;
        client.send(get("/next")).await;
        let all = client.rest().await;
        assert!(!all.contains("\r\n0\r\n"), "{reply:?}: {all:?}");
        assert!(all.matches("HTTP/1.1").count() <= 1, "{reply:?}: {all:?}");
        rig.backend.is_left().await;
    }
}

/// RFC 9112 section 7.1 and RFC 9110 section 15.6.3: where nothing was passed on yet, it can still be said that
/// the response is none.
#[tokio::test]
async fn a_bad_first_chunk_of_a_response_is_a_bad_gateway() {
    for chunks in ["x\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "\r\n"] {
        let reply: &'static str =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").leak();
        let (answer, rest) = answered(Reply::of(reply)).await;
        assert_eq!((answer.status, &*rest), (502, ""), "{chunks:?}");
    }
}

/// RFC 9112 section 6.3: without a length, the end of the connection is the end of the body.
#[tokio::test]
async fn a_body_without_length_ends_with_its_connection() {
    let reply = Reply::of("HTTP/1.1 200 OK\r\n\r\nhello").last();
    let (answer, rest) = answered(reply).await;
    assert_eq!(answer.body, "5\r\nhello\r\n0\r\n\r\n");
    assert_eq!(rest, "");
    // The version of the backend is not the gateway's (RFC 9112 section 2.3).
    let old = Reply::of("HTTP/1.0 200 OK\r\n\r\nhello").last();
    let (answer, _) = answered(old).await;
    assert!(answer.head.starts_with("http/1.1 200"), "{answer:?}");
    assert_eq!(answer.body, "5\r\nhello\r\n0\r\n\r\n");
}

/// RFC 9112 section 9.3: what comes after a response belongs to nobody; it must not become the answer
/// to another request, which is how responses are stolen.
#[tokio::test]
async fn bytes_behind_a_response_are_not_the_next_one() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen";
    let rig = Rig::answering(Reply::of(reply)).await;
    let mut client = rig.connect().await;
    for _ in 0..3 {
        client.send(get("/")).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, &*answer.body), (200, "ok"));
    }
    is_not_reused(Reply::of(reply)).await;
}

/// RFC 9112 section 6.3: the same behind responses that have no body whatever their head says.
#[tokio::test]
async fn bytes_behind_a_response_without_body_are_not_the_next_one() {
    let stolen = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen";
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 44\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 204 No Content\r\ncontent-length: 44\r\n\r\n",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 44\r\n\r\n",
        ),
    ] {
        let reply: &'static str = format!("{head}{stolen}").leak();
        let rig = Rig::answering(Reply::of(reply)).await;
        let mut client = rig.connect().await;
        for _ in 0..3 {
            client.send(get("/").replace("GET", method)).await;
            let answered = client.head().await;
            assert_eq!(status(&answered), status(head), "{answered}");
        }
        rig.backend.is_left().await;
    }
}

/// RFC 9112 section 6.1: a transfer coding in a response of HTTP/1.0 means faulty framing: what
/// arrives ends with the connection, which is not used again.
#[tokio::test]
async fn a_response_of_http_1_0_has_no_transfer_coding() {
    let reply = "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (answer, rest) = answered(Reply::of(reply).last()).await;
    assert_eq!((answer.status, &*rest), (502, ""), "{answer:?}");
}

/// RFC 9112 section 9.3: `close` from the backend concerns its connection alone.
#[tokio::test]
async fn a_backend_that_closes_does_not_close_the_client() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let rig = Rig::answering(Reply::of(reply)).await;
    let mut client = rig.connect().await;
    for _ in 0..3 {
        client.send(get("/")).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
    rig.backend.is_left().await;
}
