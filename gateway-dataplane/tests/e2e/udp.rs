//! Datagrams that are passed on.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_dataplane::observe::{Observer, Record, StreamRecord};
use gateway_resolve::ir::{Ir, Refusal, RefusalReason, Target};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use gateway_dataplane::{Limits, Proxy};

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
        Self::from(Ipv4Addr::LOCALHOST.into(), gateway).await
    }

    /// It takes answers from the address that it sends to alone.
    async fn from(own: IpAddr, gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind((own, 0)).await.unwrap();
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

/// RFC 1122 section 4.1.3.5: a socket for all addresses of this machine answers from the one that was asked, and a
/// client that asks two of them has two sessions.
#[tokio::test]
async fn answers_leave_from_the_address_that_was_asked() {
    let a = origin("a").await;
    let unspecified: [(IpAddr, &[IpAddr]); 2] = [
        (
            Ipv4Addr::UNSPECIFIED.into(),
            &[
                Ipv4Addr::LOCALHOST.into(),
                Ipv4Addr::new(127, 0, 0, 2).into(),
            ],
        ),
        (Ipv6Addr::UNSPECIFIED.into(), &[Ipv6Addr::LOCALHOST.into()]),
    ];
    for (all, asked) in unspecified {
        let proxy = builder().addresses([all]).start().unwrap();
        let port = address(&proxy.apply(&to_endpoints(&[a.address]))).port();
        for ip in asked {
            let own = match ip {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
            let client = Client::from(own, (*ip, port).into()).await;
            assert_eq!(client.ask("hello").await.origin, "a", "{ip}");
        }
    }
}

/// One address can't take the place of all others.
#[tokio::test]
async fn sessions_of_one_address_are_bounded() {
    let a = origin("a").await;
    let proxy = limited(|limits| {
        limits.udp_sessions = 8;
        limits.udp_sessions_of_address = 2;
    });
    let at = address(&proxy.apply(&to_endpoints(&[a.address])));
    let other = Client::from(Ipv4Addr::new(127, 0, 0, 2).into(), at).await;
    let first = other.ask("hello").await;
    let mut clients = Vec::new();
    for _ in 0..32 {
        let client = Client::of(at).await;
        clients.push((client.ask("hello").await.session, client));
    }
    assert_eq!(other.ask("again").await.session, first.session);
    let (session, client) = &clients[0];
    assert_ne!(client.ask("again").await.session, *session);
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>, Notify);

impl Observer for Told {
    fn request(&self, _: &Record) {}

    fn stream(&self, record: &StreamRecord) {
        let backend = record.backend().map_or("-", |id| &id.object.name);
        let StreamRecord {
            received,
            sent,
            socket,
            ..
        } = record;
        let ended = record.ended.as_str();
        let line = format!(
            "{} {ended} backend={backend} in={received} out={sent}",
            socket.transport
        );
        self.0.lock().unwrap().push(line);
        self.1.notify_one();
    }
}

/// A proxy that tells of its sessions.
async fn observed(ir: &Arc<Ir>, idle: Duration) -> (Proxy, SocketAddr, Arc<Told>) {
    let told = Arc::new(Told::default());
    let mut limits = Limits::default();
    limits.udp_idle = idle;
    let proxy = builder()
        .limits(limits)
        .observed_by(Arc::clone(&told))
        .start()
        .unwrap();
    let at = address(&proxy.apply(ir));
    (proxy, at, told)
}

#[tokio::test]
async fn sessions_are_told_when_they_are_over() {
    let a = origin("a").await;
    let refused = Target::Refused(Refusal::new(RefusalReason::BackendNotFound, ""));
    let cases = [
        (to_id("a"), "UDP complete backend=a in=5 out="),
        (refused, "UDP refused backend=- in=0 out=0"),
    ];
    for (target, want) in cases {
        let listener = udp(listener("udp", vec![]), vec![share(1, target)]);
        let ir = ir(vec![listener], vec![backend("a", &[a.address])]);
        let (_proxy, at, told) = observed(&ir, Duration::from_millis(40)).await;
        let client = Client::of(at).await;
        client.0.send(b"hello").await.unwrap();
        told.1.notified().await;
        let lines = told.0.lock().unwrap().clone();
        assert!(lines[0].starts_with(want), "{lines:?}");
    }
}

/// A server that answers at once, but for `hello`, which it answers when it is told to.
async fn slow(asked: Arc<Notify>, answer: Arc<Notify>) -> Origin {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = vec![0; 64];
        let mut held = Vec::new();
        loop {
            let (length, from) = tokio::select! {
                received = socket.recv_from(&mut buffer) => received.unwrap(),
                () = answer.notified() => {
                    for from in held.drain(..) {
                        socket.send_to(b"slow 1 answer", from).await.unwrap();
                    }
                    continue;
                }
            };
            match &buffer[..length] {
                b"hello" => {
                    held.push(from);
                    asked.notify_one();
                }
                _ => drop(socket.send_to(b"slow 1 other", from).await.unwrap()),
            }
        }
    });
    Origin { address, task }
}

/// What was asked before the end is answered; what comes later is not taken.
#[tokio::test]
async fn an_answer_that_is_due_is_waited_for() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let origin = slow(Arc::clone(&asked), Arc::clone(&answer)).await;
    let idle = Duration::from_secs(60);
    let (proxy, at, told) = observed(&to_endpoints(&[origin.address]), idle).await;
    let client = Client::of(at).await;
    client.0.send(b"hello").await.unwrap();
    asked.notified().await;
    let draining = tokio::task::spawn_blocking(move || proxy.drain(Duration::from_secs(60)));
    // Nobody has the port any more, as clients are told from now on.
    let next = Client::of(at).await;
    let mut buffer = [0; 64];
    while next.0.send(b"late").await.is_ok() {
        let received = timeout(Duration::from_millis(20), next.0.recv(&mut buffer)).await;
        if received.is_ok_and(|received| received.is_err()) {
            break;
        }
    }
    answer.notify_one();
    assert_eq!(client.receive().await.content, "answer");
    assert_eq!(draining.await.unwrap(), 0);
    let lines = told.0.lock().unwrap().clone();
    let want = "UDP complete backend=a in=5 out=13".to_owned();
    assert!(lines.contains(&want), "{lines:?}");
}
