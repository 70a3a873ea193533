//! Sessions that stay with their endpoint (GEP-1619).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_model::HeaderName;
use gateway_resolve::ir::{Ir, Rule, SessionCarrier, SessionPersistence, WeightedTarget};
use http::Request;
use http_body_util::{BodyExt, Full};

use crate::support::client::{Answer, Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{address, backend, builder, h2c, ir, listener, rule, sticky, to};

fn cookie() -> SessionPersistence {
    SessionPersistence {
        carrier: SessionCarrier::Cookie {
            name: "sticky".into(),
            permanent: false,
            of_route: true,
        },
        absolute_timeout: None,
    }
}

fn header() -> SessionPersistence {
    let name = HeaderName::new("X-Session").unwrap();
    SessionPersistence {
        carrier: SessionCarrier::Header(name),
        ..cookie()
    }
}

async fn origins() -> Vec<Origin> {
    vec![
        origin::says("one").await,
        origin::says("two").await,
        origin::says("three").await,
        origin::says("four").await,
    ]
}

fn addresses(origins: &[Origin]) -> Vec<SocketAddr> {
    origins.iter().map(|origin| origin.address).collect()
}

fn routed(rule: Rule, endpoints: &[SocketAddr]) -> Arc<Ir> {
    ir(
        vec![listener("http", vec![("/shop", rule)])],
        vec![backend("a", endpoints)],
    )
}

fn start(ir: &Arc<Ir>) -> (Proxy, SocketAddr) {
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(ir));
    (proxy, at)
}

/// A request with this line of a header, or none.
async fn ask(at: SocketAddr, line: &str) -> Answer {
    let mut client = Raw::connect(at).await;
    let head = "GET /shop/cart HTTP/1.1\r\nhost: a.example\r\n";
    client.send(&format!("{head}{line}\r\n")).await;
    client.answer().await
}

/// The line that requests of the session have which this answer starts.
fn session(answer: &Answer) -> String {
    match (answer.header("set-cookie"), answer.header("x-session")) {
        (Some(cookie), _) => format!("cookie: a=b; {}\r\n", cookie.split(';').next().unwrap()),
        (None, token) => format!("x-session: {}\r\n", token.expect("a session")),
    }
}

fn starts_one(answer: &Answer) -> bool {
    answer.header("set-cookie").is_some() || answer.header("x-session").is_some()
}

#[tokio::test]
async fn the_requests_of_a_session_go_to_one_endpoint() {
    let origins = origins().await;
    for persistence in [cookie(), header()] {
        let rule = sticky(rule(vec![to("a")]), persistence);
        let (_proxy, at) = start(&routed(rule, &addresses(&origins)));
        for _ in 0..4 {
            let first = ask(at, "").await;
            let line = session(&first);
            for _ in 0..6 {
                let next = ask(at, &line).await;
                assert_eq!(next.body, first.body);
                assert!(!starts_one(&next), "{}", next.head);
            }
        }
    }
}

/// A cookie goes back to the path of the route.
#[tokio::test]
async fn a_cookie_is_for_the_routes_path() {
    let origins = origins().await;
    let rule = sticky(rule(vec![to("a")]), cookie());
    let (_proxy, at) = start(&routed(rule, &addresses(&origins)));
    let answer = ask(at, "").await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; path=/shop; httponly; samesite=strict"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_session_outlives_the_gateway_and_changes_of_its_backend() {
    let origins = origins().await;
    let all = addresses(&origins);
    let sticky = || sticky(rule(vec![to("a")]), cookie());
    let (proxy, at) = start(&routed(sticky(), &all[..3]));
    let first = ask(at, "").await;
    let line = session(&first);
    proxy.apply(&routed(sticky(), &all));
    assert_eq!(ask(at, &line).await.body, first.body);
    drop(proxy);
    let (proxy, at) = start(&routed(sticky(), &all));
    assert_eq!(ask(at, &line).await.body, first.body);
    let gone = origins.iter().zip(["one", "two", "three", "four"]);
    let gone = gone
        .clone()
        .find(|(_, name)| *name == first.body)
        .unwrap()
        .0
        .address;
    let left: Vec<_> = all
        .iter()
        .copied()
        .filter(|endpoint| *endpoint != gone)
        .collect();
    proxy.apply(&routed(sticky(), &left));
    let moved = ask(at, &line).await;
    assert_ne!(moved.body, first.body);
    assert!(starts_one(&moved));
}

/// GEP-1619: a session goes to its backend "even when its weight is 0".
#[tokio::test]
async fn a_session_goes_before_the_weights() {
    let (one, two) = (origin::says("one").await, origin::says("two").await);
    let weighted = |first, second| {
        let target = |name, weight| WeightedTarget { weight, ..to(name) };
        let rule = rule(vec![target("a", first), target("b", second)]);
        let listener = listener("http", vec![("/", sticky(rule, cookie()))]);
        let backends = vec![
            backend("a", &[one.address]),
            h2c(backend("b", &[two.address])),
        ];
        ir(vec![listener], backends)
    };
    for (before, after, name) in [((1, 0), (0, 1), "one"), ((0, 1), (1, 0), "two")] {
        let (proxy, at) = start(&weighted(before.0, before.1));
        let first = ask(at, "").await;
        assert_eq!(first.body, name);
        proxy.apply(&weighted(after.0, after.1));
        assert_eq!(ask(at, &session(&first)).await.body, name);
        assert_ne!(ask(at, "").await.body, name);
    }
}

#[tokio::test]
async fn a_session_whose_time_is_over_starts_again() {
    let origins = origins().await;
    let over = SessionPersistence {
        absolute_timeout: Some(Duration::ZERO),
        ..header()
    };
    let rule = sticky(rule(vec![to("a")]), over);
    let (_proxy, at) = start(&routed(rule, &addresses(&origins)));
    let line = session(&ask(at, "").await);
    assert!(starts_one(&ask(at, &line).await));
}

#[tokio::test]
async fn sessions_are_kept_over_http2_and_where_nothing_is_set_there_are_none() {
    let origins = origins().await;
    let sticky = sticky(rule(vec![to("a")]), header());
    let routes = vec![("/shop", sticky), ("/", rule(vec![to("a")]))];
    let (_proxy, at) = start(&ir(
        vec![listener("http", routes)],
        vec![backend("a", &addresses(&origins))],
    ));
    let mut client = http2(at).await;
    let mut token = String::new();
    let mut bodies = Vec::new();
    for _ in 0..6 {
        let request = Request::get("http://a.example/shop").header("x-session", &token);
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let answer = client.send_request(request).await.unwrap();
        if let Some(given) = answer.headers().get("x-session") {
            assert!(token.is_empty());
            given.to_str().unwrap().clone_into(&mut token);
        }
        bodies.push(answer.into_body().collect().await.unwrap().to_bytes());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let mut plain = Raw::connect(at).await;
    assert!(!starts_one(&plain.get("/").await));
}
