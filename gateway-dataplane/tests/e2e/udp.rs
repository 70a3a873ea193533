//! Datagrams that are passed on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::Limits;
use gateway_resolve::ir::{Ir, Refusal, RefusalReason, Target};
use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::support::{
    address, backend, builder, ir, limited, listener, on_port, serve, share, simple, tcp, to_id,
    udp,
};

/// A server that answers each datagram with its name, the port that it came from and its content.
struct Origin {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn origin(name: &'static str) -> Origin {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let answer = [
                format!("{name} {} ", from.port()).as_bytes(),
                &buffer[..length],
            ]
            .concat();
            let _too_long = socket.send_to(&answer, from).await;
        }
    });
    Origin { address, task }
}

/// An answer as a client gets it.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    /// Who gave it.
    origin: String,
    /// The port that the gateway used towards the origin: one for each session.
    session: u16,
    content: String,
}

struct Client(UdpSocket);

impl Client {
    async fn of(gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(gateway).await.unwrap();
        Self(socket)
    }

    async fn receive(&self) -> Answer {
        let mut buffer = vec![0; 64 << 10];
        let length = self.0.recv(&mut buffer).await.unwrap();
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        let mut parts = text.splitn(3, ' ').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        Answer {
            origin: next(),
            session: next().parse().unwrap(),
            content: next(),
        }
    }

    /// Sends `content` again and again until there is an answer, as datagrams may get lost.
    async fn ask(&self, content: &str) -> Answer {
        loop {
            self.0.send(content.as_bytes()).await.unwrap();
            let answer = timeout(Duration::from_millis(500), async {
                loop {
                    let answer = self.receive().await;
                    if answer.content == content {
                        return answer;
                    }
                }
            });
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
    }
}

fn to_endpoints(endpoints: &[SocketAddr]) -> Arc<Ir> {
    let listener = udp(listener("udp", vec![]), vec![share(1, to_id("a"))]);
    ir(vec![listener], vec![backend("a", endpoints)])
}

/// Each client has a session of its own with one endpoint; the answers go back to it. Datagrams keep their bounds,
/// from none to as many bytes as UDP allows.
#[tokio::test]
async fn datagrams_go_both_ways_and_a_client_stays_with_its_endpoint() {
    let (a, b) = (origin("a").await, origin("b").await);
    let (_proxy, at) = serve(&to_endpoints(&[a.address, b.address]));
    let mut sessions = BTreeSet::new();
    let mut origins = BTreeSet::new();
    for _ in 0..8 {
        let client = Client::of(at).await;
        let first = client.ask("").await;
        for content in ["short".to_owned(), "x".repeat(65_000)] {
            let want = Answer {
                origin: first.origin.clone(),
                session: first.session,
                content,
            };
            assert_eq!(client.ask(&want.content).await, want);
        }
        sessions.insert(first.session);
        origins.insert(first.origin);
    }
    assert_eq!((sessions.len(), origins.len()), (8, 2));
}

/// A bad reference keeps its weight: datagrams of its share are dropped, for a client all or none.
#[tokio::test]
async fn weights_count_by_client_and_a_bad_reference_keeps_its_own() {
    let a = origin("a").await;
    let refused = Target::Refused(Refusal::new(RefusalReason::BackendNotFound, ""));
    let targets = vec![
        share(1, to_id("a")),
        share(1, refused),
        share(0, to_id("none")),
    ];
    let listener = udp(listener("udp", vec![]), targets);
    let backends = vec![backend("a", &[a.address]), backend("none", &[])];
    let (_proxy, at) = serve(&ir(vec![listener], backends));
    let ask = move || async move {
        let client = Client::of(at).await;
        let asked = timeout(Duration::from_secs(2), client.ask("hello"));
        asked.await.is_ok()
    };
    let clients: JoinSet<_> = (0..64).map(|_| ask()).collect();
    let answered = clients.join_all().await.into_iter().filter(|a| *a).count();
    assert!((8..=56).contains(&answered), "{answered}");
}

/// A session goes on for as long as its endpoint may be chosen, whatever else changes.
#[tokio::test]
async fn a_reload_keeps_the_sessions_whose_endpoint_stays() {
    let (a, b) = (origin("a").await, origin("b").await);
    let proxy = builder().start().unwrap();
    let at = address(&proxy.apply(&to_endpoints(&[a.address])));
    let client = Client::of(at).await;
    let before = client.ask("before").await;
    assert_eq!(
        address(&proxy.apply(&to_endpoints(&[a.address, b.address]))),
        at
    );
    assert_eq!(client.ask("after").await.session, before.session);
    proxy.apply(&to_endpoints(&[b.address]));
    assert_eq!(client.ask("later").await.origin, "b");
}

/// Nobody is told of a datagram that nobody takes. Once the network has said so, the endpoint is passed over; clients
/// of others notice nothing.
#[tokio::test]
async fn a_dead_endpoint_is_passed_over() {
    // It takes datagrams of one peer only; others are told that nobody is there.
    let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    dead.connect("127.0.0.1:9").await.unwrap();
    let a = origin("a").await;
    let endpoints = [dead.local_addr().unwrap(), a.address];
    let (_proxy, at) = serve(&to_endpoints(&endpoints));
    for _ in 0..8 {
        assert_eq!(Client::of(at).await.ask("hello").await.origin, "a");
    }
}

/// Who sends from many addresses takes the place of others that do, not of a client that is answered.
#[tokio::test]
async fn sessions_are_bounded_and_one_that_is_used_stays() {
    used_stays(|limits| limits.udp_sessions = 2).await;
    // A backend has half of it at most.
    used_stays(|limits| limits.upstream_connections = 4).await;
}

async fn used_stays(change: impl FnOnce(&mut Limits)) {
    let a = origin("a").await;
    let mut limits = Limits::default();
    change(&mut limits);
    let proxy = builder().workers(1).limits(limits).start().unwrap();
    let at = address(&proxy.apply(&to_endpoints(&[a.address])));
    let used = Client::of(at).await;
    let first = used.ask("one").await;
    assert_eq!(used.ask("two").await.session, first.session);
    let mut others = Vec::new();
    for _ in 0..32 {
        let client = Client::of(at).await;
        others.push((client.ask("hello").await.session, client));
    }
    assert_eq!(used.ask("three").await.session, first.session);
    let (session, client) = &others[0];
    assert_ne!(client.ask("again").await.session, *session);
}

#[tokio::test]
async fn a_session_without_a_datagram_ends() {
    let a = origin("a").await;
    let idle = Duration::from_millis(40);
    let proxy = limited(|limits| limits.udp_idle = idle);
    let at = address(&proxy.apply(&to_endpoints(&[a.address])));
    let client = Client::of(at).await;
    let first = client.ask("first").await;
    let mut pause = 2 * idle;
    while client.ask("next").await.session == first.session {
        tokio::time::sleep(pause).await;
        pause *= 2;
        assert!(pause < Duration::from_secs(20), "the session does not end");
    }
}

/// One port is two: for TCP and for UDP. What is no longer asked for closes.
#[tokio::test]
async fn tcp_and_udp_share_a_port() {
    let a = origin("a").await;
    let datagrams = udp(
        on_port(listener("datagrams", vec![]), 53),
        vec![share(1, to_id("a"))],
    );
    let streams = tcp(on_port(listener("tcp", vec![]), 53), vec![]);
    let proxy = builder().start().unwrap();
    let both = ir(vec![datagrams, streams], vec![backend("a", &[a.address])]);
    let applied = proxy.apply(&both);
    let at = address(&applied);
    assert_eq!(applied.unserved().count(), 0);
    assert_eq!(Client::of(at).await.ask("hello").await.origin, "a");
    proxy.apply(&simple(&[a.address]));
    // Bound by nobody any more, as soon as the workers have let go.
    while UdpSocket::bind(at).await.is_err() {
        tokio::task::yield_now().await;
    }
}
