//! TCP that is passed on as it comes.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_resolve::ir::{Listener, Refusal, RefusalReason, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::origin::{nobody, raw};
use crate::support::{address, backend, builder, ir, limited, listener, serve, share, tcp, to_id};

fn forwarded(targets: Vec<(u32, Target)>) -> Listener {
    let targets = targets.into_iter().map(|(w, t)| share(w, t)).collect();
    tcp(listener("tcp", vec![]), targets)
}

/// What is read until the other side is done, or broken.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let _reset = stream.read_to_string(&mut text).await;
    text
}

async fn read(stream: &mut TcpStream, want: &str) {
    let mut bytes = vec![0; want.len()];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), want);
}

/// The server speaks first; a side that has closed its half still hears the other.
#[tokio::test]
async fn bytes_go_both_ways_and_halves_close_apart() {
    let origin = raw(async |mut stream| {
        stream.write_all(b"welcome").await.unwrap();
        let heard = rest(&mut stream).await;
        stream
            .write_all(heard.to_uppercase().as_bytes())
            .await
            .unwrap();
    })
    .await;
    let to_a = forwarded(vec![(1, to_id("a"))]);
    // An endpoint that cannot be reached is passed over.
    let endpoints = [nobody(), origin.address];
    let (_proxy, at) = serve(&ir(vec![to_a], vec![backend("a", &endpoints)]));
    for _ in 0..4 {
        let mut client = TcpStream::connect(at).await.unwrap();
        read(&mut client, "welcome").await;
        client.write_all(b"to the end").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(rest(&mut client).await, "TO THE END");
    }
}

/// Long stretches go past the process, through a pipe; what is short, and comes after a pause, is copied.
#[tokio::test]
async fn what_is_long_and_what_is_short_arrive_in_order() {
    let origin = raw(async |stream| {
        let (mut read, mut write) = stream.into_split();
        let _closed = tokio::io::copy(&mut read, &mut write).await;
    })
    .await;
    let to_a = forwarded(vec![(1, to_id("a"))]);
    let (_proxy, at) = serve(&ir(vec![to_a], vec![backend("a", &[origin.address])]));
    let (mut echo, mut client) = TcpStream::connect(at).await.unwrap().into_split();
    let mut sent = 0_usize;
    for length in [3, 4 << 20, 1, 100, 70_000, 9 << 20, 16 << 10, 2, 1 << 20] {
        let bytes: Vec<u8> = (sent..sent + length).map(|at| (at % 251) as u8).collect();
        let mut heard = vec![0; length];
        let (written, read) = tokio::join!(client.write_all(&bytes), echo.read_exact(&mut heard));
        written.unwrap();
        read.unwrap();
        assert!(heard == bytes, "after {sent} bytes");
        sent += length;
    }
    client.shutdown().await.unwrap();
    assert_eq!(echo.read(&mut [0]).await.unwrap(), 0);
}

/// A bad reference keeps its weight: connections of its share are closed. So are those of a listener
/// without a route, and those that no endpoint takes.
#[tokio::test]
async fn what_cannot_be_passed_on_is_closed() {
    let refused = || {
        let refusal = Refusal::new(RefusalReason::BackendNotFound, "");
        Target::Refused(refusal)
    };
    let origin = raw(async |mut stream| stream.write_all(b"a").await.unwrap()).await;
    let half = forwarded(vec![(1, to_id("a")), (1, refused()), (0, to_id("none"))]);
    let backends = vec![backend("a", &[origin.address]), backend("none", &[])];
    let (_proxy, at) = serve(&ir(vec![half], backends));
    let mut answers = 0;
    for _ in 0..64 {
        let mut client = TcpStream::connect(at).await.unwrap();
        answers += rest(&mut client).await.len();
    }
    assert!((8..=56).contains(&answers), "{answers}");
    let nowhere = [
        forwarded(vec![]),
        forwarded(vec![(1, refused())]),
        forwarded(vec![(1, to_id("none"))]),
        forwarded(vec![(1, to_id("dead"))]),
    ];
    for listener in nowhere {
        let backends = vec![backend("none", &[]), backend("dead", &[nobody()])];
        let (_proxy, at) = serve(&ir(vec![listener], backends));
        let mut client = TcpStream::connect(at).await.unwrap();
        assert_eq!(rest(&mut client).await, "");
    }
}

#[tokio::test]
async fn a_reload_keeps_open_connections_and_takes_new_ones_elsewhere() {
    let echo = async |mut stream: TcpStream| {
        let (mut read, mut write) = stream.split();
        let _closed = tokio::io::copy(&mut read, &mut write).await;
    };
    let origin = raw(echo).await;
    let other = raw(async |mut stream| stream.write_all(b"other").await.unwrap()).await;
    let to = |address: SocketAddr| {
        let backends = vec![backend("a", &[address])];
        ir(vec![forwarded(vec![(1, to_id("a"))])], backends)
    };
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&to(origin.address)));
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(b"before").await.unwrap();
    read(&mut client, "before").await;
    assert_eq!(address(&proxy.apply(&to(other.address))), at);
    client.write_all(b"after").await.unwrap();
    read(&mut client, "after").await;
    assert_eq!(
        rest(&mut TcpStream::connect(at).await.unwrap()).await,
        "other"
    );
}

#[tokio::test]
async fn a_connection_without_a_byte_is_ended() {
    let origin = raw(async |mut stream| drop(rest(&mut stream).await)).await;
    let to_a = forwarded(vec![(1, to_id("a"))]);
    let proxy = limited(|limits| limits.stalled = Duration::from_millis(100));
    let at = address(&proxy.apply(&ir(vec![to_a], vec![backend("a", &[origin.address])])));
    let mut client = TcpStream::connect(at).await.unwrap();
    assert_eq!(rest(&mut client).await, "");
}
