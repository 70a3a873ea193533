//! Requests and responses pass through whole.

use crate::support::client::{Raw, get};
use crate::support::{
    address, backend, builder, filtered, ir, listener, origin, rule, serve, simple, to,
};
use gateway_dataplane::forward::headers::Forwarding;
use gateway_dataplane::head::AmbiguousPaths;
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{Action, Cors, Filter, HeaderEdits, OriginPattern, Redirect, Stack};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

#[tokio::test]
async fn a_request_reaches_the_backend_of_its_route() {
    let (a, b) = (origin::says("a").await, origin::says("b").await);
    let routes = vec![("/", rule(vec![to("a")])), ("/b", rule(vec![to("b")]))];
    let backends = vec![backend("a", &[a.address]), backend("b", &[b.address])];
    let (_proxy, at) = serve(&ir(vec![listener("http", routes)], backends));
    assert_eq!(get(at, "/").await.body, "a");
    assert_eq!(get(at, "/b/c").await.body, "b");
}

#[tokio::test]
async fn the_backend_sees_method_path_query_host_and_body() {
    let origin = origin::http(|request: Request<Incoming>| async {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let host = head.headers["host"].to_str().unwrap();
        let from = head.headers["x-forwarded-for"].to_str().unwrap();
        let seen = format!("{} {} {host} {from} {body:?}", head.method, head.uri);
        Response::new(Full::from(seen))
    })
    .await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    client
        .send("POST /x?y=1 HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.body, "POST /x?y=1 a.example 127.0.0.1 b\"hi\"");
}

#[tokio::test]
async fn connections_to_clients_and_backends_are_reused() {
    let origin = origin::says("hello").await;
    let (_proxy, at) = serve(&simple(&[origin.address]));
    let mut client = Raw::connect(at).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.body, "hello");
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_request_without_a_route_is_answered_with_404_and_nothing_else() {
    let (_proxy, at) = serve(&ir(vec![listener("http", vec![])], vec![]));
    let answer = get(at, "/").await;
    assert_eq!((answer.status, &*answer.body), (404, "404 Not Found\n"));
}

/// GEP-1767: the gateway answers a preflight request itself, also where only other requests match the rule.
#[tokio::test]
async fn a_preflight_request_is_answered_for_a_rule_that_takes_another_method() {
    let cors = Cors {
        allow_origins: vec![OriginPattern::Exact("https://a.example".into())],
        allow_credentials: false,
        allow_methods: vec![],
        allow_headers: vec![],
        expose_headers: vec![],
        max_age: std::num::NonZeroU32::MIN,
    };
    let rule = filtered(rule(vec![to("a")]), vec![Filter::Cors(cors)]);
    let mut listener = listener("http", vec![("/", rule)]);
    let Stack::Http { hosts } = &mut listener.stack else {
        panic!("a listener in clear")
    };
    std::sync::Arc::make_mut(&mut hosts[0]).routes[0]
        .matches
        .method = Some(gateway_model::Method::new("POST").unwrap());
    let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[])]));
    let mut client = Raw::connect(at).await;
    let request = |asked: &str| {
        format!(
            "OPTIONS /x HTTP/1.1\r\nhost: b.example\r\norigin: https://a.example\r\n{asked}\r\n"
        )
    };
    client
        .send(&request("access-control-request-method: POST\r\n"))
        .await;
    let answer = client.answer().await;
    let origin = answer.header("access-control-allow-origin");
    assert_eq!((answer.status, origin), (200, Some("https://a.example")));
    client.send(&request("")).await;
    assert_eq!(client.answer().await.status, 404);
}

/// HTTPRoute `filters`: all are compatible with a redirect, save for rewrites.
#[tokio::test]
async fn the_response_filters_of_a_rule_edit_its_redirects() {
    let edits = HeaderEdits {
        set: vec![(
            HeaderName::new("x-edited").unwrap(),
            HeaderValue::new("yes").unwrap(),
        )],
        ..HeaderEdits::default()
    };
    let cors = Cors {
        allow_origins: vec![OriginPattern::Exact("https://a.example".into())],
        allow_credentials: false,
        allow_methods: vec![],
        allow_headers: vec![],
        expose_headers: vec![],
        max_age: std::num::NonZeroU32::MIN,
    };
    let filters = vec![Filter::ResponseHeaders(edits), Filter::Cors(cors)];
    let mut rule = filtered(rule(vec![to("nobody")]), filters);
    rule.action = Action::Redirect(Redirect {
        scheme: Some("https".into()),
        hostname: None,
        path: None,
        port: None,
        status: 301,
    });
    let (_proxy, at) = serve(&ir(vec![listener("http", vec![("/", rule)])], vec![]));
    let mut client = Raw::connect(at).await;
    client
        .send("GET /x HTTP/1.1\r\nhost: b.example\r\norigin: https://a.example\r\n\r\n")
        .await;
    let answer = client.answer().await;
    let seen = ["location", "x-edited", "access-control-allow-origin"];
    let seen = seen.map(|name| answer.header(name).unwrap_or_default());
    let want = ["https://b.example/x", "yes", "https://a.example"];
    assert_eq!((answer.status, seen), (301, want));
}

/// RFC 3986 sections 2.2 and 3.3: servers differ in what they take `%2F`, `//` and `;` for. None may be led past a
/// rule by that.
#[tokio::test]
async fn a_path_that_a_backend_may_take_for_one_of_another_rule_is_refused() {
    let (open, guarded) = (origin::says("open").await, origin::says("guarded").await);
    let routes = vec![("/", rule(vec![to("a")])), ("/admin", rule(vec![to("b")]))];
    let backends = vec![
        backend("a", &[open.address]),
        backend("b", &[guarded.address]),
    ];
    let ir = ir(vec![listener("http", routes)], backends);
    let (_proxy, at) = serve(&ir);
    let mut client = Raw::connect(at).await;
    for path in [
        "//admin",
        "/x%2F..%2fadmin",
        "/x/..;/admin",
        "/%5cadmin",
        "/admin;v=1",
    ] {
        assert_eq!(client.get(path).await.status, 400, "{path}");
    }
    for (path, want) in [
        ("/@scope%2Fpackage", "open"),
        ("/a//b;c", "open"),
        ("/admin/x%2Fy", "guarded"),
    ] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, &*answer.body), (200, want), "{path}");
    }
    let proxy = builder()
        .ambiguous_paths(AmbiguousPaths::Pass)
        .start()
        .unwrap();
    let at = address(&proxy.apply(&ir));
    assert_eq!(get(at, "//admin").await.body, "open");
}

/// A load balancer that ends TLS knows the scheme that the client used; nobody else is believed.
#[tokio::test]
async fn a_redirect_behind_a_trusted_proxy_keeps_the_scheme_that_it_tells() {
    let mut redirecting = rule(vec![to("nobody")]);
    redirecting.action = Action::Redirect(Redirect {
        scheme: None,
        hostname: Some(HeaderValue::new("b.example").unwrap()),
        path: None,
        port: None,
        status: 302,
    });
    let ir = ir(vec![listener("http", vec![("/", redirecting)])], vec![]);
    for (trusted, scheme) in [
        (vec!["127.0.0.0/8".parse().unwrap()], "https:"),
        (vec![], "http:"),
    ] {
        let mut forwarding = Forwarding::default();
        forwarding.trusted_proxies = trusted.into();
        let proxy = builder().forwarding(forwarding).start().unwrap();
        let mut client = Raw::connect(address(&proxy.apply(&ir))).await;
        client
            .send("GET /x HTTP/1.1\r\nhost: a.example\r\nx-forwarded-proto: https\r\n\r\n")
            .await;
        let answer = client.answer().await;
        let location = answer.header("location").unwrap();
        assert!(location.starts_with(scheme), "{location}");
    }
}
