//! How connections end that have nothing wrong with them.

use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir::Ir;

use crate::support::backend::Reply;
use crate::support::h2::{
    DATA, END_HEADERS, END_STREAM, GET, GOAWAY, H2, HEADERS, Outcome, RST_STREAM, block,
};
use crate::support::{Rig, get};

const SHORT: Duration = Duration::from_millis(100);

/// RFC 9113 section 6.8: the client of a listener that goes is told so, may finish what it has begun,
/// and then sees the connection close.
#[tokio::test]
async fn an_http2_connection_is_told_to_go_and_finishes_its_requests() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let fields = [&[(":method", "POST")], &GET[1..]].concat();
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    rig.backend.gets("POST / HTTP/1.1").await;
    rig.proxy.apply(&Arc::new(Ir::default()));
    let told = loop {
        let frame = h2.read().await.unwrap();
        assert_ne!(frame.kind, RST_STREAM);
        if frame.kind == GOAWAY {
            break frame;
        }
    };
    assert_eq!(told.payload[4..8], [0; 4], "NO_ERROR");
    h2.frame(DATA, END_STREAM, 1, "the rest").await;
    let mut answered = false;
    while let Some(frame) = h2.read().await {
        assert_ne!(frame.kind, RST_STREAM);
        answered |= frame.kind == DATA && frame.flags & END_STREAM != 0;
    }
    assert!(
        answered,
        "the connection closed before its request was answered"
    );
    assert!(rig.backend.request().contains("the rest"));
}

/// The same where nothing is under way.
#[tokio::test]
async fn an_idle_http2_connection_is_told_to_go() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, &GET).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    rig.proxy.apply(&Arc::new(Ir::default()));
    assert_eq!(h2.outcome(3).await, Outcome::GoAway(0));
    while h2.read().await.is_some() {}
}

/// `Limits::upstream_idle`: nobody has to ask again for the pool to be emptied.
#[tokio::test]
async fn connections_to_an_endpoint_close_when_they_have_been_idle_for_too_long() {
    let rig = Rig::with(Reply::OK, |limits| limits.upstream_idle = SHORT).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 200);
    rig.backend.is_left().await;
}

/// `Limits::stalled`: a tunnel in which nothing moves is closed on both sides.
#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_is_closed() {
    let reply = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let rig = Rig::with(Reply::of(reply), |limits| limits.stalled = SHORT).await;
    let mut client = rig.connect().await;
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    client.send(upgrade).await;
    assert!(client.head().await.starts_with("http/1.1 101"));
    client.closes().await;
    rig.backend.is_left().await;
}
