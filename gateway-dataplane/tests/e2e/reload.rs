//! New IRs, listeners that come and go, and the end.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway_dataplane::{Ports, Problem};
use gateway_resolve::ir::{self as ir_types, Ir};
use http::Response;
use http_body_util::Full;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::client::{Raw, get};
use crate::support::{
    address, backend, builder, h2c, ir, limited, listener, on_port, origin, rule, serve, simple, to,
};

/// An origin that answers once it is told to, and says when it was asked.
async fn held() -> (origin::Origin, Arc<Notify>, Arc<Notify>) {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (a, b) = (Arc::clone(&asked), Arc::clone(&answer));
    let origin = origin::http(move |_| {
        let (asked, answer) = (Arc::clone(&a), Arc::clone(&b));
        async move {
            asked.notify_one();
            answer.notified().await;
            Response::new(Full::<Bytes>::from("late"))
        }
    })
    .await;
    (origin, asked, answer)
}

fn nothing() -> Arc<Ir> {
    ir(vec![], vec![])
}

#[tokio::test]
async fn no_request_is_lost_while_irs_come_and_go() {
    let (a, b) = (origin::says("a").await, origin::says("b").await);
    let both = |path| {
        let routes = vec![("/", rule(vec![to("a")])), (path, rule(vec![to("b")]))];
        let backends = vec![backend("a", &[a.address]), backend("b", &[b.address])];
        ir(vec![listener("http", routes)], backends)
    };
    let (proxy, at) = serve(&both("/b"));
    let (stop, served) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
        clients.spawn(async move {
            let mut client = Raw::connect(at).await;
            while !stop.load(Ordering::SeqCst) {
                if number % 2 == 0 {
                    client = Raw::connect(at).await;
                }
                assert_eq!(client.get("/").await.body, "a");
                served.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    for round in 0..100 {
        let before = served.load(Ordering::SeqCst);
        proxy.apply(&[both("/b"), both("/c"), simple(&[a.address])][round % 3]);
        while served.load(Ordering::SeqCst) < before + 4 {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
}

#[tokio::test]
async fn pools_outlive_a_change_of_their_backend() {
    let (a, b) = (origin::says("hello").await, origin::says("hello").await);
    let (proxy, at) = serve(&simple(&[a.address]));
    let mut client = Raw::connect(at).await;
    client.get("/").await;
    for ir in [
        simple(&[a.address]),
        simple(&[a.address, b.address]),
        simple(&[a.address]),
    ] {
        proxy.apply(&ir);
        for _ in 0..4 {
            assert_eq!(client.get("/").await.status, 200);
        }
    }
    assert_eq!((a.connections(), b.connections()), (1, 1));
}

/// Endpoints are swapped while they serve.
#[tokio::test]
async fn no_request_is_lost_while_endpoints_come_and_go() {
    let (a, b) = (origin::says("hello").await, origin::says("hello").await);
    let one = |protocol: fn(ir_types::Backend) -> ir_types::Backend, at: &[_]| {
        let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
        ir(vec![listener], vec![protocol(backend("a", at))])
    };
    for protocol in [|backend| backend, h2c] {
        let (proxy, at) = serve(&one(protocol, &[a.address]));
        let mut client = Raw::connect(at).await;
        for round in 0..100 {
            let endpoints: &[_] = match round % 3 {
                0 => &[b.address],
                1 => &[a.address, b.address],
                _ => &[a.address],
            };
            proxy.apply(&one(protocol, endpoints));
            assert_eq!(client.get("/").await.status, 200);
            assert_eq!(get(at, "/").await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_request_finishes_by_the_table_that_it_started_with() {
    let (origin, asked, answer) = held().await;
    let (proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    asked.notified().await;
    proxy.apply(&ir(vec![listener("http", vec![])], vec![]));
    answer.notify_one();
    assert_eq!(client.answer().await.body, "late");
    assert_eq!(client.get("/").await.status, 404);
}

#[tokio::test]
async fn a_listener_that_is_removed_drains() {
    let (origin, asked, answer) = held().await;
    let (proxy, at) = serve(&simple(&[origin.address]));
    let mut idle = Raw::connect(at).await;
    idle.send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n").await;
    asked.notified().await;
    answer.notify_one();
    assert_eq!(idle.answer().await.body, "late");
    let mut busy = Raw::connect(at).await;
    busy.send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n").await;
    asked.notified().await;
    proxy.apply(&nothing());
    assert_eq!(idle.rest().await, "", "idle connections are closed");
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    answer.notify_one();
    let last = busy.answer().await;
    assert_eq!(
        (&*last.body, last.header("connection")),
        ("late", Some("close"))
    );
    assert_eq!(busy.rest().await, "");
}

#[tokio::test]
async fn a_drain_waits_for_requests_and_says_how_many_were_cut_off() {
    let (origin, asked, answer) = held().await;
    let (proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    asked.notified().await;
    let draining = tokio::task::spawn_blocking(move || proxy.drain(Duration::from_secs(60)));
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    answer.notify_one();
    assert_eq!(client.answer().await.body, "late");
    assert_eq!(draining.await.unwrap(), 0);

    let (proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    asked.notified().await;
    let limit = Duration::from_millis(50);
    let draining = tokio::task::spawn_blocking(move || proxy.drain(limit));
    let start = Instant::now();
    assert_eq!(draining.await.unwrap(), 1);
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn connections_that_wait_to_be_accepted_are_served_when_their_listener_goes() {
    let origin = origin::says("hello").await;
    for _ in 0..20 {
        let (proxy, at) = serve(&simple(&[origin.address]));
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = Raw::connect(at).await;
            client
                .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
                .await;
            clients.push(client);
        }
        proxy.apply(&nothing());
        for mut client in clients {
            assert_eq!(client.answer().await.body, "hello");
        }
    }
}

#[tokio::test]
async fn a_socket_that_cannot_be_opened_is_reported_and_leaves_the_others_serving() {
    let origin = origin::says("hello").await;
    let mut foreign = listener("foreign", vec![]);
    foreign.binding.addresses = vec!["203.0.113.1".parse().unwrap()];
    let good = on_port(listener("good", vec![("/", rule(vec![to("a")]))]), 81);
    let proxy = builder().start().unwrap();
    let applied = proxy.apply(&ir(
        vec![foreign, good],
        vec![backend("a", &[origin.address])],
    ));
    let problems: Vec<_> = applied.problems().collect();
    assert!(matches!(problems[..], [(id, Problem::Bind { .. })] if id.name.as_str() == "foreign"));
    assert_eq!(
        get(applied.listeners()[1].bound[0], "/").await.body,
        "hello"
    );
}

#[tokio::test]
async fn listeners_that_stay_keep_their_sockets() {
    let proxy = builder().start().unwrap();
    let one = || listener("one", vec![]);
    let two = || on_port(listener("two", vec![]), 81);
    let at = address(&proxy.apply(&ir(vec![one()], vec![])));
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.status, 404);
    for listeners in [vec![one(), two()], vec![one()]] {
        assert_eq!(address(&proxy.apply(&ir(listeners, vec![]))), at);
        assert_eq!(client.get("/").await.status, 404);
    }
}

#[tokio::test]
async fn a_connection_that_has_not_sent_its_request_yet_may_do_so_when_its_listener_goes() {
    let origin = origin::says("hello").await;
    let proxy = limited(|_| {});
    let at = address(&proxy.apply(&simple(&[origin.address])));
    let mut client = Raw::connect(at).await;
    client.send("GET / HTTP/1.1\r\n").await;
    proxy.apply(&nothing());
    client.send("host: a.example\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!(
        (&*answer.body, answer.header("connection")),
        ("hello", Some("close"))
    );
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// Connects to `port` of 127.0.0.1 anew for each request, all of which are answered, while `irs` are applied in turn to
/// a proxy with the default address `default`.
async fn all_are_served_while(default: Ipv4Addr, port: u16, irs: &[Arc<Ir>]) {
    let proxy = builder()
        .addresses([default.into()])
        .ports(Ports::Offset(0));
    let proxy = proxy.start().unwrap();
    let problems = |applied: &gateway_dataplane::Applied| {
        applied
            .problems()
            .map(|(_, problem)| problem.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(problems(&proxy.apply(&irs[0])), [""; 0]);
    let (stop, served) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
        clients.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let answer = get((Ipv4Addr::LOCALHOST, port).into(), "/").await;
                assert_eq!(answer.body, "hello");
                served.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    for ir in irs {
        let before = served.load(Ordering::SeqCst);
        assert_eq!(problems(&proxy.apply(ir)), [""; 0]);
        while served.load(Ordering::SeqCst) < before + 8 && clients.try_join_next().is_none() {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
}

/// A socket that closes takes those with it who are about to connect; so none closes whose address is still served.
#[tokio::test]
async fn no_connection_is_lost_while_a_listener_moves_between_addresses() {
    let origin = origin::says("hello").await;
    let at = |port: u16, addresses: &[IpAddr]| {
        let mut listener = on_port(listener("http", vec![("/", rule(vec![to("a")]))]), port);
        listener.binding.addresses = addresses.to_vec();
        ir(vec![listener], vec![backend("a", &[origin.address])])
    };
    let (own, other) = (
        Ipv4Addr::LOCALHOST.into(),
        Ipv4Addr::new(127, 0, 0, 2).into(),
    );
    for default in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
        for _ in 0..8 {
            let port = free_port();
            let (all, one) = (at(port, &[]), at(port, &[own]));
            let more = at(port, &[other, own]);
            let irs = [&all, &one, &all, &more, &one, &more, &all].map(Arc::clone);
            all_are_served_while(default, port, &irs).await;
        }
    }
}

/// The socket that takes over serves by the table of its new owner.
#[tokio::test]
async fn a_socket_that_was_handed_over_follows_its_new_owner() {
    let (first, second, third) = (
        origin::says("1").await,
        origin::says("2").await,
        origin::says("3").await,
    );
    let port = free_port();
    let proxy = builder().addresses([Ipv4Addr::UNSPECIFIED.into()]);
    let proxy = proxy.ports(Ports::Offset(0)).start().unwrap();
    let own = [Ipv4Addr::LOCALHOST.into()];
    for (addresses, origin, says) in [
        (&own[..], first, "1"),
        (&[], second, "2"),
        (&[], third, "3"),
    ] {
        let mut listener = on_port(listener("http", vec![("/", rule(vec![to("a")]))]), port);
        listener.binding.addresses = addresses.to_vec();
        proxy.apply(&ir(vec![listener], vec![backend("a", &[origin.address])]));
        // Workers are told one after the other.
        while get((Ipv4Addr::LOCALHOST, port).into(), "/").await.body != says {
            tokio::task::yield_now().await;
        }
    }
}
