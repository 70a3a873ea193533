//! The end of a proxy, as clients see it that have nothing open, or something that takes too long.

use std::time::Duration;

use gateway_dataplane::Proxy;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::support::backend::Reply;
use crate::support::h2::{GET, GOAWAY, H2, HEADERS, Outcome};
use crate::support::{Rig, get, post, soon};

const SHORT: Duration = Duration::from_millis(50);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);
const NO_ERROR: u32 = 0;

fn drain(proxy: Proxy, limit: Duration) -> JoinHandle<usize> {
    spawn_blocking(move || proxy.drain(limit))
}

/// A client without a request costs a short grace, not the whole limit.
#[tokio::test]
async fn connections_without_a_request_do_not_hold_up_the_end() {
    let rig = Rig::with(Reply::OK, |limits| limits.drain_idle = SHORT).await;
    let mut unused = rig.connect().await;
    let mut fresh = H2::connect(&rig).await;
    let mut between = rig.connect().await;
    between.send(get("/")).await;
    between.answer().await;
    let mut multiplexed = H2::connect(&rig).await;
    multiplexed.request(1, &GET).await;
    assert_eq!(multiplexed.outcome(1).await, Outcome::Status(200));
    let cut_off = soon("the end", drain(rig.proxy, LONG)).await.unwrap();
    assert_eq!(cut_off, 0);
    assert_eq!(unused.rest().await, "");
    assert_eq!(between.rest().await, "");
    for h2 in [&mut fresh, &mut multiplexed] {
        assert_eq!(h2.outcome(99).await, Outcome::GoAway(NO_ERROR));
    }
}

/// RFC 9113 section 6.8: a client that answers no PING is not waited for.
#[tokio::test]
async fn a_multiplexed_connection_whose_client_is_silent_is_closed() {
    let rig = Rig::with(Reply::OK, |limits| limits.drain_idle = SHORT).await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, &GET).await;
    while h2.read().await.unwrap().kind != HEADERS {}
    let draining = drain(rig.proxy, LONG);
    // Nothing is read, and so nothing is acknowledged.
    assert_eq!(soon("the end", draining).await.unwrap(), 0);
    let mut told = false;
    while let Some(frame) = h2.read().await {
        told |= frame.kind == GOAWAY;
    }
    assert!(told);
}

/// A request that comes within the grace is served, and is the last one.
#[tokio::test]
async fn a_first_request_within_the_grace_is_served() {
    let rig = Rig::with(Reply::OK, |limits| limits.drain_idle = LONG).await;
    let mut client = rig.connect().await;
    let mut h2 = H2::connect(&rig).await;
    let mut known = rig.connect().await;
    known.send(get("/")).await;
    known.answer().await;
    let draining = drain(rig.proxy, LONG);
    // Now the order has been given.
    assert_eq!(known.rest().await, "");
    client.send(get("/")).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(client.rest().await, "");
    h2.request(1, &GET).await;
    let mut answered = false;
    while let Some(frame) = h2.read().await {
        answered |= frame.kind == HEADERS && frame.stream == 1;
    }
    assert!(answered);
    assert_eq!(soon("the end", draining).await.unwrap(), 0);
}

/// What is cut off is counted, whichever clock is the first to say so: the limit ends within a tick of that
/// of the connections.
#[tokio::test]
async fn requests_that_take_too_long_are_cut_off_and_counted() {
    let rig = Rig::with(Reply::of(""), |limits| limits.drain_idle = LONG).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    let mut half = rig.connect().await;
    half.send("GET / HTTP/1.1\r\n").await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, &GET).await;
    rig.backend.has_requests(2).await;
    tokio::time::sleep(SHORT * 6).await;
    let draining = drain(rig.proxy, SHORT * 6);
    assert_eq!(soon("the end", draining).await.unwrap(), 3);
    assert_eq!(client.rest().await, "");
    assert_eq!(half.rest().await, "");
    while h2.read().await.is_some() {}
}

/// The limit that is given counts, not that of listeners which go away.
#[tokio::test]
async fn a_drain_may_take_longer_than_that_of_one_listener() {
    let rig = Rig::with(Reply::OK, |limits| limits.drain = SHORT).await;
    let mut client = rig.connect().await;
    client.send(post("content-length: 2\r\n", "")).await;
    rig.backend.gets("content-length: 2").await;
    let draining = drain(rig.proxy, LONG);
    tokio::time::sleep(SHORT * 6).await;
    client.send("ab").await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(soon("the end", draining).await.unwrap(), 0);
}
