//! Endpoints that are known by name (GEP-4894).

use std::future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::backend::upstream::{self, Answer, Dns as Lookup, LookingUp, Upstreams};
use gateway_dataplane::{Limits, Proxy};
use gateway_resolve::ir::{Endpoint, EndpointAddress, Ir};
use tokio::sync::mpsc;

use crate::support::client::get;
use crate::support::dns::{Dns, Says};
use crate::support::{address, backend, builder, h2c, ir, listener, origin, rule, to};

const A: Ipv4Addr = Ipv4Addr::LOCALHOST;
const B: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A proxy that asks `dns`, and looks again as soon as an answer expires.
fn asking(dns: &Dns, change: impl FnOnce(&mut Limits)) -> Proxy {
    let mut limits = Limits::default();
    limits.name_refresh = Duration::from_millis(10);
    change(&mut limits);
    let upstreams = Upstreams::new().named_by(Lookup::asking([dns.address]));
    let proxy = builder().workers(1).limits(limits);
    proxy.start_with(upstreams).unwrap()
}

fn named(port: u16) -> Endpoint {
    let address: EndpointAddress = format!("origin.example:{port}").parse().unwrap();
    Endpoint::at(address)
}

/// One listener that sends everything to these endpoints.
fn to_endpoints(endpoints: Vec<Endpoint>) -> Arc<Ir> {
    let mut backend = backend("a", &[]);
    backend.endpoints = endpoints;
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

/// Asks until the answer is `wanted`.
async fn comes_to(at: SocketAddr, wanted: &str) {
    let asked = async {
        loop {
            let answer = get(at, "/").await;
            if answer.body == wanted || answer.status.to_string() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), asked).await;
    waited.unwrap_or_else(|_| panic!("it never was {wanted}"));
}

/// Two servers at one port of two addresses.
async fn two() -> (origin::Origin, origin::Origin) {
    let b = origin::says_at("b", (B, 0).into()).await;
    let a = origin::says_at("a", (A, b.address.port()).into()).await;
    (a, b)
}

#[tokio::test]
async fn the_first_request_waits_for_the_address_of_a_name() {
    let origin = origin::says("a").await;
    let dns = Dns::new(Says::Addresses(vec![A], 60)).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![named(origin.address.port())])));
    assert_eq!(get(at, "/").await.body, "a");
    let mut backend = h2c(backend("a", &[]));
    backend.endpoints = vec![named(origin.address.port())];
    let over_http2 = ir(
        vec![listener("http", vec![("/", rule(vec![to("a")]))])],
        vec![backend],
    );
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&over_http2));
    assert_eq!(get(at, "/").await.body, "a");
}

/// Answers with one address, and keeps what it was asked for.
struct Asked(mpsc::UnboundedSender<String>);

impl upstream::Lookup for Asked {
    fn lookup<'a>(&'a self, name: &'a str) -> LookingUp<'a> {
        _ = self.0.send(name.to_owned());
        let valid_for = Duration::from_secs(60);
        Box::pin(future::ready(Ok(Answer {
            addresses: vec![A.into()],
            valid_for,
        })))
    }
}

/// A dot at the end says that nothing is added to a name (RFC 1034 section 3.1).
#[tokio::test]
async fn a_whole_name_is_asked_for_as_one() {
    let origin = origin::says("a").await;
    let port = origin.address.port();
    for (host, wanted) in [("api.example.", "api.example."), ("api.ns", "api.ns")] {
        let (sender, mut asked) = mpsc::unbounded_channel();
        let upstreams = Upstreams::new().named_by(Asked(sender));
        let proxy = builder().workers(1).start_with(upstreams).unwrap();
        let endpoint: EndpointAddress = format!("{host}:{port}").parse().unwrap();
        let at = address(&proxy.apply(&to_endpoints(vec![Endpoint::at(endpoint)])));
        assert_eq!(get(at, "/").await.body, "a");
        assert_eq!(asked.recv().await.as_deref(), Some(wanted));
    }
}

#[tokio::test]
async fn a_name_is_looked_up_again_when_its_answer_expires() {
    let (a, _b) = two().await;
    let dns = Dns::new(Says::Addresses(vec![A], 0)).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![named(a.address.port())])));
    assert_eq!(get(at, "/").await.body, "a");
    dns.say(Says::Addresses(vec![B], 0));
    comes_to(at, "b").await;
    dns.say(Says::Addresses(vec![A, B], 0));
    comes_to(at, "a").await;
    comes_to(at, "b").await;
}

#[tokio::test]
async fn a_name_is_left_alone_until_its_answer_expires() {
    let origin = origin::says("a").await;
    let dns = Dns::new(Says::Addresses(vec![A], 60)).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![named(origin.address.port())])));
    assert_eq!(get(at, "/").await.body, "a");
    let asked = dns.asked();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(dns.asked(), asked);
}

#[tokio::test]
async fn what_was_known_last_goes_on_while_there_is_no_answer() {
    let origin = origin::says("a").await;
    let dns = Dns::new(Says::Addresses(vec![A], 0)).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![named(origin.address.port())])));
    assert_eq!(get(at, "/").await.body, "a");
    for trouble in [Says::Failure, Says::NoSuchName] {
        dns.say(trouble);
        dns.asked_again(4).await;
        assert_eq!(get(at, "/").await.body, "a");
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_name_that_is_gone_for_a_while_has_no_endpoint() {
    let origin = origin::says("a").await;
    let dns = Dns::new(Says::Addresses(vec![A], 0)).await;
    let proxy = asking(&dns, |limits| limits.name_gone = Duration::from_millis(50));
    let at = address(&proxy.apply(&to_endpoints(vec![named(origin.address.port())])));
    assert_eq!(get(at, "/").await.body, "a");
    dns.say(Says::NoSuchName);
    comes_to(at, "503").await;
    dns.say(Says::Addresses(vec![A], 0));
    comes_to(at, "a").await;
}

#[tokio::test]
async fn a_name_without_an_answer_gets_no_requests() {
    let dns = Dns::new(Says::Failure).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![named(80)])));
    assert_eq!(get(at, "/").await.status, 503);
}

#[tokio::test]
async fn endpoints_and_names_take_each_others_place_in_one_backend() {
    let (a, b) = two().await;
    let dns = Dns::new(Says::Addresses(vec![B], 0)).await;
    let proxy = asking(&dns, |_| {});
    let at = address(&proxy.apply(&to_endpoints(vec![Endpoint::at(a.address)])));
    assert_eq!(get(at, "/").await.body, "a");
    proxy.apply(&to_endpoints(vec![named(b.address.port())]));
    comes_to(at, "b").await;
    proxy.apply(&to_endpoints(vec![Endpoint::at(a.address)]));
    comes_to(at, "a").await;
    let asked = dns.asked();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(
        dns.asked() <= asked + 2,
        "a name is looked up that nobody has"
    );
}
