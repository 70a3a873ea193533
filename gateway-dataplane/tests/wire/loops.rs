//! Requests that come back to the gateway that sent them (RFC 8586).

use gateway_dataplane::forward::headers::{Forwarding, HopId};
use gateway_dataplane::{Limits, Proxy};
use gateway_model::HeaderName;
use gateway_resolve::ir::{Filter, HeaderEdits, Ir};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ir::{address, backend, builder, filtered, ir, listener, rule, simple, to};
use crate::support::backend::{Backend, Reply};
use crate::support::client::Client;
use crate::support::get;

fn gateway(name: &str) -> Proxy {
    let mut forwarding = Forwarding::default();
    forwarding.hop_id = Some(HopId::new(name).unwrap());
    let mut limits = Limits::default();
    limits.own_hops = 3;
    let builder = builder().workers(1).limits(limits);
    builder.forwarding(forwarding).start().unwrap()
}

/// Serves at the address where `proxy` was told to serve something else before.
fn serve(proxy: &Proxy, to: impl FnOnce(SocketAddr) -> Arc<Ir>) -> SocketAddr {
    let at = address(&proxy.apply(&simple(&[])));
    assert_eq!(address(&proxy.apply(&to(at))), at);
    at
}

/// A rule whose filter takes the field away.
fn forgetful(endpoint: SocketAddr) -> Arc<Ir> {
    let edits = HeaderEdits {
        remove: vec![HeaderName::new("CDN-Loop").unwrap()],
        ..HeaderEdits::default()
    };
    let rule = filtered(rule(vec![to("a")]), vec![Filter::RequestHeaders(edits)]);
    let listener = listener("http", vec![("/", rule)]);
    ir(vec![listener], vec![backend("a", &[endpoint])])
}

async fn status(at: SocketAddr) -> u16 {
    let mut client = Client::connect(at).await;
    client.send(get("/")).await;
    client.answer().await.status
}

#[tokio::test]
async fn a_request_that_goes_round_in_circles_is_refused() {
    let proxy = gateway("a");
    let at = serve(&proxy, |at| simple(&[at]));
    assert_eq!(status(at).await, 508);
}

#[tokio::test]
async fn no_filter_hides_a_loop() {
    let proxy = gateway("a");
    let at = serve(&proxy, forgetful);
    assert_eq!(status(at).await, 508);
}

/// A loop of several gateways, of which one does not count.
#[tokio::test]
async fn a_loop_is_found_that_leads_through_others() {
    let proxy = gateway("a");
    let other = builder().workers(1).start().unwrap();
    let at = serve(&proxy, |at| {
        simple(&[address(&other.apply(&simple(&[at])))])
    });
    assert_eq!(status(at).await, 508);
}

#[tokio::test]
async fn gateways_in_a_row_are_no_loop() {
    let backend = Backend::start(Reply::OK).await;
    let mut at = backend.address;
    let gateways: Vec<_> = ["a", "b", "a", "c", "a"].map(gateway).into();
    for proxy in &gateways {
        at = address(&proxy.apply(&simple(&[at])));
    }
    assert_eq!(status(at).await, 200);
    let request = backend.request().to_ascii_lowercase();
    assert!(request.contains("cdn-loop: a, c, a, b, a\r\n"), "{request}");
}

/// RFC 8586 section 2: what others put there stays.
#[tokio::test]
async fn hops_of_others_are_passed_on_and_do_not_count() {
    let backend = Backend::start(Reply::OK).await;
    let proxy = gateway("a");
    let at = address(&proxy.apply(&forgetful(backend.address)));
    let mut client = Client::connect(at).await;
    let request = get("/").replace("\r\n\r\n", "\r\nCDN-Loop: b;x=1, b, aa, b\r\n\r\n");
    client.send(request).await;
    assert_eq!(client.answer().await.status, 200);
    let request = backend.request().to_ascii_lowercase();
    assert!(
        request.contains("cdn-loop: b;x=1, b, aa, b, a\r\n"),
        "{request}"
    );
}
