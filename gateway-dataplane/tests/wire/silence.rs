//! Backends that never answer.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_dataplane::{Limits, Proxy};
use gateway_resolve::ir::{Backend, Rule};

use crate::ir::{address, backend, builder, h2c, ir, listener, origin, retried, rule, to};
use crate::support::client::Client;
use crate::support::h2::{GET, H2, Outcome};
use crate::support::{get, post};

fn in_front_of(backend: Backend, rule: Rule, limit: Duration) -> (Proxy, SocketAddr) {
    let mut limits = Limits::default();
    limits.response_head = limit;
    let proxy = builder().workers(1).limits(limits).start().unwrap();
    let listener = listener("http", vec![("/", rule)]);
    let at = address(&proxy.apply(&ir(vec![listener], vec![backend])));
    (proxy, at)
}

/// RFC 9110 section 15.6.5: whatever the way of the request, and however the route is set.
#[tokio::test]
async fn a_backend_that_never_answers_is_a_gateway_timeout() {
    const LIMIT: Duration = Duration::from_millis(50);
    let silent = origin::http(|_| std::future::pending::<http::Response<String>>()).await;
    let plain = || rule(vec![to("a")]);
    let ways = [
        (backend("a", &[silent.address]), plain()),
        (h2c(backend("a", &[silent.address])), plain()),
        (backend("a", &[silent.address]), retried(plain(), 1, &[500])),
    ];
    for (backend, rule) in ways {
        let (_proxy, at) = in_front_of(backend, rule, LIMIT);
        let mut client = Client::connect(at).await;
        for request in [get("/"), get("/"), post("content-length: 2\r\n", "hi")] {
            client.send(request).await;
            assert_eq!(client.answer().await.status, 504);
        }
        let mut h2 = H2::to(at).await;
        h2.request(1, &GET).await;
        assert_eq!(h2.outcome(1).await, Outcome::Status(504));
    }
}

/// A client that takes its time is not the backend's fault.
#[tokio::test]
async fn a_backend_is_not_late_while_the_request_is_still_coming() {
    const LIMIT: Duration = Duration::from_secs(1);
    let origin = origin::http(|request: http::Request<hyper::body::Incoming>| async {
        let body = http_body_util::BodyExt::collect(request.into_body()).await;
        http::Response::new(http_body_util::Full::new(body.unwrap().to_bytes()))
    })
    .await;
    for protocol in [|backend| backend, h2c] {
        let backend = protocol(backend("a", &[origin.address]));
        let (_proxy, at) = in_front_of(backend, rule(vec![to("a")]), LIMIT);
        let mut client = Client::connect(at).await;
        client.send(post("content-length: 2\r\n", "h")).await;
        tokio::time::sleep(LIMIT * 2).await;
        client.send("i").await;
        assert_eq!(client.answer().await.body, "hi");
    }
}
