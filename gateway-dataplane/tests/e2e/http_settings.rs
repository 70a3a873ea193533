//! How HTTP is spoken with clients, as settings of a listener say (K8sGateway, `httpConnectionManagerSettings`).

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    AddedHeader, EscapedSlashes, Format, HeaderChanges, Http1, Http2, HttpVersion,
    ListenerSettings, Protocols, RequestHeads, ServerHeader, Underscores, Upgrades,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::support::client::{Answer, Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{
    backend, certificate, ir, ir_with, listener, over_tls, rule, serve, set, tls, to,
};

/// Answers with the target, host and headers that it sees.
async fn seeing() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let host = request
            .headers()
            .get("host")
            .map(|host| host.to_str().unwrap().to_owned());
        let mut text = format!("{} {}\n", request.uri(), host.unwrap_or_default());
        for (name, value) in request.headers() {
            text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
        let response = Response::builder()
            .header("server", "origin")
            .header("x-some-name", "1");
        response.body(Full::from(text)).unwrap()
    })
    .await
}

async fn serving(change: impl FnOnce(&mut ListenerSettings)) -> (Proxy, SocketAddr, Origin) {
    let origin = seeing().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    change(&mut settings);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    (proxy, at, origin)
}

fn heads(rules: RequestHeads) -> impl FnOnce(&mut ListenerSettings) {
    |settings| settings.request_heads = set(rules)
}

fn protocols(rules: Protocols) -> impl FnOnce(&mut ListenerSettings) {
    |settings| settings.protocols = set(rules)
}

/// The answer to a request with this head over HTTP/1.
async fn ask(at: SocketAddr, head: &str) -> Answer {
    let mut client = Raw::connect(at).await;
    client.send(&format!("{head}\r\n\r\n")).await;
    client.answer().await
}

async fn get(at: SocketAddr, path: &str) -> Answer {
    ask(at, &format!("GET {path} HTTP/1.1\r\nhost: a.example")).await
}

/// Status and headers over HTTP/2.
async fn get_over_http2(
    at: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (StatusCode, HeaderMap) {
    let mut request = Request::get(format!("http://a.example{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn the_server_is_called_what_the_listener_says() {
    let rows = [
        (None, "origin", "gateway"),
        (Some(ServerHeader::Replaced("edge".into())), "edge", "edge"),
        (
            Some(ServerHeader::Completed("edge".into())),
            "origin",
            "gateway",
        ),
        (Some(ServerHeader::Kept), "origin", "gateway"),
    ];
    for (server, of_backend, own) in rows {
        let shown = format!("{server:?}");
        let (_proxy, at, _origin) = serving(|settings| {
            settings.server_header = server.and_then(set);
        })
        .await;
        let (status, headers) = get_over_http2(at, "/", &[]).await;
        assert_eq!(
            (status, headers["server"].to_str().unwrap()),
            (StatusCode::OK, of_backend)
        );
        assert_eq!(
            get(at, "/").await.header("server"),
            Some(of_backend),
            "{shown}"
        );
        let refused = ask(at, "GET / HTTP/1.1\r\nhost: a b").await;
        assert_eq!(
            (refused.status, refused.header("server")),
            (400, Some(own)),
            "{shown}"
        );
    }
}

/// RFC 9110 section 7.6.3; the text is taken as it is.
#[tokio::test]
async fn requests_and_responses_tell_of_this_hop() {
    let (_proxy, at, _origin) = serving(|settings| settings.via = set("1.1 edge".into())).await;
    let answer = ask(at, "GET / HTTP/1.1\r\nhost: a.example\r\nvia: 1.0 before").await;
    assert_eq!(answer.header("via"), Some("1.1 edge"));
    assert!(
        answer.body.contains("via: 1.0 before, 1.1 edge\n"),
        "{}",
        answer.body
    );
    let (_, headers) = get_over_http2(at, "/", &[]).await;
    assert_eq!(headers["via"], "1.1 edge");
}

#[tokio::test]
async fn headers_with_underscores_are_refused_or_removed() {
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nx_a: 1\r\nx-b: 2";
    for (underscores, status, passes) in [
        (None, 200, true),
        (Some(Underscores::Removed), 200, false),
        (Some(Underscores::Refused), 400, false),
    ] {
        let (_proxy, at, _origin) = serving(heads(RequestHeads {
            underscores,
            ..RequestHeads::default()
        }))
        .await;
        let answer = ask(at, head).await;
        assert_eq!(answer.status, status, "{underscores:?}");
        assert_eq!(answer.body.contains("x_a: 1\n"), passes, "{underscores:?}");
        assert_eq!(
            answer.body.contains("x-b: 2\n"),
            status == 200,
            "{underscores:?}"
        );
        let (over_http2, _) = get_over_http2(at, "/", &[("x_a", "1")]).await;
        assert_eq!(over_http2, status, "{underscores:?}");
        assert_eq!(get(at, "/").await.status, 200, "{underscores:?}");
    }
}

#[tokio::test]
async fn slashes_are_settled_before_routes_are_looked_at() {
    use EscapedSlashes::{Kept, Redirected, Refused, Unescaped};
    let rows = [
        (Kept, false, "/a%2Fb//c", 200, "/a%2Fb//c"),
        (Kept, true, "/a%2Fb//c?d=//", 200, "/a%2Fb/c?d=//"),
        (Refused, false, "/a%2fb", 400, ""),
        (Refused, false, "/a%5Cb", 400, ""),
        (Refused, false, "/a//b?c=%2F", 200, "/a//b?c=%2F"),
        (Unescaped, false, "/a%2Fb//c?d=%2F", 200, "/a/b//c?d=%2F"),
        (Unescaped, false, "/x%2f..%2Fb", 200, "/b"),
        (Unescaped, true, "/a%2F%5cb", 200, "/a/b"),
        (Redirected, true, "/a%2F/b?c", 307, "/a/b?c"),
        (
            Redirected,
            false,
            "/%2Fevil.example/b",
            307,
            "/evil.example/b",
        ),
        (Redirected, true, "/a//b", 200, "/a/b"),
    ];
    for (escaped_slashes, merges_slashes, path, status, want) in rows {
        let (_proxy, at, _origin) = serving(heads(RequestHeads {
            escaped_slashes,
            merges_slashes,
            ..RequestHeads::default()
        }))
        .await;
        let answer = get(at, path).await;
        assert_eq!(answer.status, status, "{path} {escaped_slashes:?}");
        let got = match status {
            307 => answer.header("location").unwrap_or_default(),
            200 => answer.body.split(' ').next().unwrap_or_default(),
            _ => "",
        };
        assert_eq!(got, want, "{path} {escaped_slashes:?}");
        let (over_http2, _) = get_over_http2(at, path, &[]).await;
        assert_eq!(over_http2, status, "{path}");
    }
}

#[tokio::test]
async fn hosts_lose_their_port_where_that_is_asked_for() {
    for (bare_hosts, host, want) in [
        (true, "a.example:8080", "a.example"),
        (true, "[2001:db8::1]:80", "[2001:db8::1]"),
        (true, "a.example", "a.example"),
        (false, "a.example:8080", "a.example:8080"),
    ] {
        let rules = RequestHeads {
            bare_hosts,
            ..RequestHeads::default()
        };
        let (_proxy, at, _origin) = serving(heads(rules)).await;
        let answer = ask(at, &format!("GET / HTTP/1.1\r\nhost: {host}")).await;
        let seen = answer.body.lines().next().unwrap_or_default().to_owned();
        assert_eq!(seen, format!("/ {want}"), "{host}");
    }
}

/// What is added is there when routes are looked at, and what is removed then is not.
#[tokio::test]
async fn early_changes_come_before_routes() {
    let origin = seeing().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let name = |name: &str| HeaderName::new(name).unwrap();
    let add = |header: &str, value: &str, append| AddedHeader {
        name: name(header),
        value: Format::new(value).unwrap(),
        append,
    };
    let mut settings = ListenerSettings::default();
    settings.request_heads = set(RequestHeads {
        changes: HeaderChanges {
            add: vec![
                add("x-early", "%PROTOCOL%", false),
                add("x-gone", "1", true),
            ],
            remove: vec![name("x-gone"), name("x-late")],
        },
        ..RequestHeads::default()
    });
    listener.settings = Arc::new(settings);
    let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let head = "GET / HTTP/1.1\r\nhost: a.example\r\nx-early: client\r\nx-late: client";
    let answer = ask(at, head).await;
    assert!(
        answer.body.contains("x-early: HTTP/1.1\n"),
        "{}",
        answer.body
    );
    assert!(
        !answer.body.contains("x-gone") && !answer.body.contains("x-late"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused_by_the_listeners_limits() {
    let rules = RequestHeads {
        bytes: Some(2 << 10),
        fields: Some(9),
        ..RequestHeads::default()
    };
    let (_proxy, at, _origin) = serving(heads(rules)).await;
    let long = format!(
        "GET / HTTP/1.1\r\nhost: a.example\r\nx: {}",
        "x".repeat(3 << 10)
    );
    assert_eq!(ask(at, &long).await.status, 431);
    let many = |count: usize| {
        (0..count)
            .map(|at| format!("\r\nx-{at}: 1"))
            .collect::<String>()
    };
    let head = |count| format!("GET / HTTP/1.1\r\nhost: a.example{}", many(count));
    assert_eq!(ask(at, &head(9)).await.status, 431);
    assert_eq!(ask(at, &head(8)).await.status, 200);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].map(|name| (name, "1"));
    assert_eq!(get_over_http2(at, "/", &names).await.0, 431);
    assert_eq!(get_over_http2(at, "/", &names[..5]).await.0, 200);
    let (_proxy, at, _origin) = serving(|_| {}).await;
    assert_eq!(ask(at, &long).await.status, 200);
    assert_eq!(ask(at, &head(20)).await.status, 200);
}

#[tokio::test]
async fn http_1_0_is_refused_or_given_a_host() {
    let rules = |http1| Protocols {
        http1,
        ..Protocols::default()
    };
    let refuses = rules(Http1 {
        refuses_1_0: true,
        ..Http1::default()
    });
    let (_proxy, at, _origin) = serving(protocols(refuses)).await;
    assert_eq!(
        ask(at, "GET / HTTP/1.0\r\nhost: a.example").await.status,
        426
    );
    assert_eq!(get(at, "/").await.status, 200);
    let completes = rules(Http1 {
        default_host: Some("old.example".into()),
        ..Http1::default()
    });
    let (_proxy, at, _origin) = serving(protocols(completes)).await;
    let answer = ask(at, "GET / HTTP/1.0").await;
    assert!(
        answer.body.starts_with("/ old.example\n"),
        "{}",
        answer.body
    );
    let answer = ask(at, "GET / HTTP/1.0\r\nhost: a.example").await;
    assert!(answer.body.starts_with("/ a.example\n"), "{}", answer.body);
}

/// RFC 9112 section 6.1 leaves it to servers.
#[tokio::test]
async fn a_request_with_two_lengths_is_refused_where_that_is_asked_for() {
    let head = "POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0";
    for (refuses_two_lengths, status) in [(true, 400), (false, 200)] {
        let http1 = Http1 {
            refuses_two_lengths,
            capitalises: true,
            ..Http1::default()
        };
        let (_proxy, at, _origin) = serving(protocols(Protocols {
            http1,
            ..Protocols::default()
        }))
        .await;
        assert_eq!(ask(at, head).await.status, status);
    }
}

#[tokio::test]
async fn the_words_of_header_names_are_capitalised_where_that_is_asked_for() {
    for (capitalises, name) in [(true, "X-Some-Name: 1\r\n"), (false, "x-some-name: 1\r\n")] {
        let http1 = Http1 {
            capitalises,
            refuses_1_0: true,
            ..Http1::default()
        };
        let (_proxy, at, _origin) = serving(protocols(Protocols {
            http1,
            ..Protocols::default()
        }))
        .await;
        let mut client = Raw::connect(at).await;
        client
            .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
            .await;
        let head = client.until("\r\n\r\n").await.unwrap();
        assert!(head.contains(name), "{head}");
        let lower = head
            .lines()
            .skip(1)
            .any(|line| line.starts_with(|c: char| c.is_lowercase()));
        assert_eq!(lower, !capitalises, "{head}");
    }
}

#[tokio::test]
async fn one_version_of_http_may_be_the_only_one() {
    let only = |only| {
        protocols(Protocols {
            only: Some(only),
            ..Protocols::default()
        })
    };
    let (_proxy, at, _origin) = serving(only(HttpVersion::Http1)).await;
    assert_eq!(get(at, "/").await.status, 200);
    let mut client = Raw::connect(at).await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
    let (_proxy, at, _origin) = serving(only(HttpVersion::Http2)).await;
    assert_eq!(get_over_http2(at, "/", &[]).await.0, 200);
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
        .await;
    assert!(client.try_answer().await.is_none());
}

/// RFC 7301: what is not spoken is not agreed to.
#[tokio::test]
async fn over_tls_the_only_version_is_agreed_to() {
    let origin = seeing().await;
    let certificate = certificate("a", &["a.example"]);
    for (only, agreed) in [
        (None, b"h2".as_slice()),
        (Some(HttpVersion::Http1), b"http/1.1"),
        (Some(HttpVersion::Http2), b"h2"),
    ] {
        let mut listener = listener("https", vec![("/", rule(vec![to("a")]))]);
        let mut settings = ListenerSettings::default();
        settings.protocols = set(Protocols {
            only,
            ..Protocols::default()
        });
        listener.settings = Arc::new(settings);
        let listener = over_tls(listener, &[&certificate]);
        let backends = vec![backend("a", &[origin.address])];
        let (_proxy, at) = serve(&ir_with(
            vec![listener],
            backends,
            vec![certificate.clone()],
        ));
        let config = tls::client(&["h2", "http/1.1"], rustls::ALL_VERSIONS);
        let stream = tls::handshake(&config, at, "a.example").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(agreed));
    }
}

/// RFC 9113 section 6.5.2: clients are told in the first SETTINGS.
#[tokio::test]
async fn clients_of_http_2_are_told_the_listeners_limits() {
    let http2 = Http2 {
        streams: Some(7),
        stream_window: Some(70_000),
        connection_window: Some(200_000),
    };
    let (_proxy, at, _origin) = serving(protocols(Protocols {
        http2,
        ..Protocols::default()
    }))
    .await;
    let stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    client = client.ready().await.unwrap();
    let request = Request::get("http://a.example/").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(client.current_max_send_streams(), 7);
    connection.abort();
}

/// RFC 9110 section 7.8; K8sGateway, `upgrades`.
#[tokio::test]
async fn other_protocols_are_refused_that_the_listener_does_not_name() {
    let ask_for = |protocol: &str| {
        format!("GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: {protocol}")
    };
    for (upgrades, protocol, status) in [
        (Some(true), "WebSocket", 200),
        (Some(true), "other", 403),
        (Some(false), "websocket", 403),
        (None, "other", 200),
    ] {
        let upgrades = upgrades.map(|websocket| Upgrades { websocket });
        let (_proxy, at, _origin) = serving(protocols(Protocols {
            upgrades,
            ..Protocols::default()
        }))
        .await;
        assert_eq!(
            ask(at, &ask_for(protocol)).await.status,
            status,
            "{upgrades:?} {protocol}"
        );
        assert_eq!(get(at, "/").await.status, 200);
    }
}
