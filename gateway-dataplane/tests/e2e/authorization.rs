//! Rules whose requests another server has to let in (GEP-1494), asked over HTTP.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    Authorization, AuthorizationProtocol, Authorized, Cors, ForwardedBody, HeaderMatch,
    HttpAuthorization, Ir, Listener, ListenerSettings, Match, Named, OriginPattern, PathMatch,
    Pattern, Refusal, RefusalReason, Rule, Stack, Target, Unanswered, ValueMatch, VirtualHost,
    VirtualHostSettings,
};
use gateway_resolve::ir::{Filter, Fraction};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::{Raw, get, http2};
use crate::support::origin::{self, Origin};
use crate::support::{
    authorized, backend, filtered, id, ir, listener, on_host, rule, serve, set, to,
};

/// What a server got, with its headers in order of their names.
type Got = (String, Vec<String>, Bytes);

/// A server that tells what it gets, and answers by the `x-key` header.
async fn judge() -> (Origin, UnboundedReceiver<Got>) {
    let (sender, got) = unbounded_channel();
    let origin = origin::http(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let (head, body) = request.into_parts();
            let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                format!("{name}: {}", value.to_str().unwrap())
            };
            let mut lines: Vec<_> = head.headers.iter().map(line).collect();
            lines.sort();
            let body = body.collect().await.unwrap().to_bytes();
            let asked = format!("{} {}", head.method, head.uri);
            sender.send((asked, lines, body)).unwrap();
            match head.headers.get("x-key").map(|key| key.as_bytes()) {
                Some(b"secret") => Response::builder()
                    .header("x-user", "ann")
                    .header("x-team", "blue")
                    .header("content-type", "application/json")
                    .body(Full::from("{}")),
                Some(b"broken") => Response::builder().status(503).body(Full::from("oh")),
                _ => Response::builder()
                    .status(401)
                    .header("www-authenticate", "Basic")
                    .body(Full::from("who are you?")),
            }
            .unwrap()
        }
    })
    .await;
    (origin, got)
}

/// A backend that answers with what it gets.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let field = |name: &str| {
            let value = head.headers.get(name);
            value
                .map_or("-", |value| value.to_str().unwrap())
                .to_owned()
        };
        let seen = ["x-user", "x-team", "content-type"].map(field).join(" ");
        Response::new(Full::from(format!("{seen} {}", body.len())))
    })
    .await
}

fn over_http(http: HttpAuthorization) -> Authorization {
    Authorization {
        server: Target::Backend(id("auth")),
        protocol: AuthorizationProtocol::Http(http),
        body: None,
        timeout: None,
        unanswered: Unanswered::Refuse(NonZeroU16::new(403).unwrap()),
        reserved: Vec::new(),
        reroutes: false,
    }
}

fn names(names: &[&str]) -> Vec<HeaderName> {
    names
        .iter()
        .map(|name| HeaderName::new(name).unwrap())
        .collect()
}

fn keyed() -> HttpAuthorization {
    HttpAuthorization {
        headers: names(&["X-Key"]),
        ..HttpAuthorization::default()
    }
}

fn guarded(asked: Authorization) -> Rule {
    authorized(rule(vec![to("a")]), asked)
}

fn served(routes: Vec<(&str, Rule)>, auth: SocketAddr, origin: &Origin) -> Arc<Ir> {
    ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address]), backend("auth", &[auth])],
    )
}

/// Requests with these headers over HTTP/1.1 and HTTP/2, a body with each; what they are answered.
async fn both(at: SocketAddr, path: &str, key: &str, body: &'static str) -> [(u16, String); 2] {
    let mut raw = Raw::connect(at).await;
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\nx-key: {key}\r\n");
    raw.send(&format!("{head}content-length: {length}\r\n\r\n{body}"))
        .await;
    let first = raw.answer().await;
    let request = Request::post(format!("http://a.example{path}")).header("x-key", key);
    let request = request.body(Full::from(body)).unwrap();
    let second = http2(at).await.send_request(request).await.unwrap();
    let status = second.status().as_u16();
    let text = second.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    [(first.status, first.body), (status, text)]
}

fn start(ir: &Arc<Ir>) -> (Proxy, SocketAddr) {
    serve(ir)
}

#[tokio::test]
async fn who_is_let_in_reaches_the_backend_with_the_headers_of_the_answer() {
    let ((auth, _got), origin) = (judge().await, echo().await);
    let some = HttpAuthorization {
        to_backend: Named::Only(names(&["X-User"])),
        ..keyed()
    };
    let routes = vec![
        ("/all", guarded(over_http(keyed()))),
        ("/some", guarded(over_http(some))),
        ("/free", rule(vec![to("a")])),
    ];
    let (_proxy, at) = start(&served(routes, auth.address, &origin));
    for (path, seen) in [
        ("/all", "ann blue - 2"),
        ("/some", "ann - - 2"),
        ("/free", "- - - 2"),
    ] {
        for answer in both(at, path, "secret", "hi").await {
            assert_eq!(answer, (200, seen.to_owned()), "{path}");
        }
    }
}

/// HTTPAuthConfig `allowedHeaders`, `path`.
#[tokio::test]
async fn the_server_gets_what_it_is_allowed_and_no_more() {
    let ((auth, mut got), origin) = (judge().await, echo().await);
    let http = HttpAuthorization {
        prefix: "/check".into(),
        ..keyed()
    };
    let routes = vec![("/", guarded(over_http(http)))];
    let (_proxy, at) = start(&served(routes, auth.address, &origin));
    let mut client = Raw::connect(at).await;
    let head = "PUT /a?b=c HTTP/1.1\r\nhost: a.example\r\nauthorization: Basic eA==\r\n";
    let rest = "x-key: secret\r\ncookie: a=b\r\ncontent-length: 2\r\n\r\nhi";
    client.send(&format!("{head}{rest}")).await;
    assert_eq!(client.answer().await.status, 200);
    let (asked, lines, body) = got.recv().await.unwrap();
    assert_eq!((asked.as_str(), &*body), ("PUT /check/a?b=c", &b""[..]));
    let want = [
        "authorization: Basic eA==",
        "content-length: 0",
        "host: a.example",
        "x-key: secret",
    ];
    assert_eq!(lines, want);
}

#[tokio::test]
async fn any_other_answer_is_the_clients_and_the_backend_is_not_asked() {
    let ((auth, _got), origin) = (judge().await, echo().await);
    let routes = vec![("/", guarded(over_http(keyed())))];
    let (_proxy, at) = start(&served(routes, auth.address, &origin));
    for answer in both(at, "/", "wrong", "hi").await {
        assert_eq!(answer, (401, "who are you?".to_owned()));
    }
    let refused = get(at, "/").await;
    assert_eq!(refused.header("www-authenticate"), Some("basic"));
    assert_eq!(origin.connections(), 0);
}

/// HTTPExternalAuthFilter: "If there is any problem communicating with the external service, this filter MUST fail
/// closed."
#[tokio::test]
async fn a_server_that_gives_no_answer_lets_nobody_in() {
    let ((auth, _got), origin) = (judge().await, echo().await);
    let silent = origin::raw(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let hasty = Authorization {
        timeout: Some(Duration::from_millis(50)),
        ..over_http(keyed())
    };
    let open = Authorization {
        unanswered: Unanswered::Admit,
        ..hasty.clone()
    };
    for (auth, key) in [
        (auth.address, "broken"),
        (origin::nobody(), "secret"),
        (silent.address, "secret"),
    ] {
        let routes = vec![
            ("/", guarded(hasty.clone())),
            ("/open", guarded(open.clone())),
        ];
        let (_proxy, at) = start(&served(routes, auth, &origin));
        for (status, _) in both(at, "/", key, "").await {
            assert_eq!(status, 403, "{auth}");
        }
        for (status, _) in both(at, "/open", key, "").await {
            assert_eq!(status, 200, "{auth}");
        }
    }
}

/// ForwardBodyConfig: "Bodies over that size must be rejected with a 4xx series error."
#[tokio::test]
async fn bodies_go_to_the_server_as_well_up_to_a_limit() {
    let ((auth, mut got), origin) = (judge().await, echo().await);
    let limited = |partial| Authorization {
        body: Some(ForwardedBody { limit: 4, partial }),
        ..over_http(keyed())
    };
    let routes = vec![
        ("/all", guarded(limited(false))),
        ("/some", guarded(limited(true))),
    ];
    let (_proxy, at) = start(&served(routes, auth.address, &origin));
    for body in ["", "four"] {
        for answer in both(at, "/all", "secret", body).await {
            assert_eq!(answer, (200, format!("ann blue - {}", body.len())));
            let (_, lines, sent) = got.recv().await.unwrap();
            assert_eq!(sent, body);
            assert!(lines.contains(&format!("content-length: {}", body.len())));
        }
    }
    for (status, _) in both(at, "/all", "secret", "fives").await {
        assert_eq!(status, 413);
    }
    for answer in both(at, "/some", "secret", "sixsix").await {
        assert_eq!(answer, (200, "ann blue - 6".to_owned()));
        assert_eq!(got.recv().await.unwrap().2, "sixs");
    }
}

/// A script could not tell a refusal from a failure otherwise.
#[tokio::test]
async fn refusals_are_marked_for_the_origins_that_are_allowed() {
    let ((auth, _got), origin) = (judge().await, echo().await);
    let cors = Cors {
        allow_origins: vec![OriginPattern::Any],
        allow_credentials: true,
        allow_methods: Vec::new(),
        allow_headers: Vec::new(),
        expose_headers: Vec::new(),
        max_age: Fraction::ALL.denominator,
    };
    let rule = filtered(guarded(over_http(keyed())), vec![Filter::Cors(cors)]);
    let (_proxy, at) = start(&served(vec![("/", rule)], auth.address, &origin));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\norigin: https://b.example\r\n\r\n")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED.as_u16());
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://b.example"));
}

/// `/host` says nothing, `/free` that nobody is asked, `/own` that the server of the listener is.
fn by_listener(asked: Option<Authorization>, on_all: Option<Authorized>) -> Listener {
    let saying = |says: Option<Authorized>| {
        let mut rule = rule(vec![to("a")]);
        rule.settings.authorized = says.and_then(set);
        rule
    };
    let routes = vec![
        ("/host", saying(None)),
        ("/free", saying(Some(Authorized::No))),
        ("/own", saying(Some(Authorized::ByListener(Vec::new())))),
    ];
    let mut settings = VirtualHostSettings::default();
    settings.authorized = on_all.and_then(set);
    let mut listener = on_host(listener("http", routes), |host| {
        host.with_settings(Arc::new(settings))
    });
    let mut settings = ListenerSettings::default();
    settings.authorizer = asked.and_then(set);
    listener.settings = Arc::new(settings);
    listener
}

#[tokio::test]
async fn the_server_of_a_listener_is_asked_where_rule_or_host_want_it() {
    let ((auth, _got), origin) = (judge().await, echo().await);
    let asked = || Some(over_http(keyed()));
    let yes = || Some(Authorized::ByListener(Vec::new()));
    let rows = [
        (asked(), None, [200, 200, 401]),
        (asked(), yes(), [401, 200, 401]),
        (asked(), Some(Authorized::No), [200, 200, 401]),
        (None, yes(), [200, 200, 200]),
    ];
    for (asked, on_all, want) in rows {
        let backends = vec![
            backend("a", &[origin.address]),
            backend("auth", &[auth.address]),
        ];
        let (_proxy, at) = serve(&ir(vec![by_listener(asked, on_all)], backends));
        for (path, want) in ["/host", "/free", "/own"].into_iter().zip(want) {
            for (status, _) in both(at, path, "wrong", "hi").await {
                assert_eq!(status, want, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_listener_whose_server_is_not_there_lets_nobody_pass_who_has_to_be_asked_about() {
    let origin = echo().await;
    let refused = Refusal::new(RefusalReason::BackendNotFound, "it is gone");
    let asked = Authorization {
        server: Target::Refused(refused),
        ..over_http(keyed())
    };
    let listener = by_listener(Some(asked), None);
    let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    assert_eq!(both(at, "/own", "secret", "hi").await[0].0, 403);
    assert_eq!(both(at, "/host", "secret", "hi").await[0].0, 200);
}

#[tokio::test]
async fn headers_that_the_server_alone_may_set_are_taken_from_clients() {
    let ((auth, mut got), origin) = (judge().await, echo().await);
    let asked = Authorization {
        reserved: names(&["x-spoofed"]),
        ..over_http(HttpAuthorization {
            header_patterns: vec![Pattern::new("x-s.*").unwrap()],
            ..keyed()
        })
    };
    let routes = vec![("/", guarded(asked))];
    let (_proxy, at) = start(&served(routes, auth.address, &origin));
    let mut client = Raw::connect(at).await;
    let lines = "x-key: secret\r\nx-seen: 1\r\nx-spoofed: 1\r\n";
    client
        .send(&format!("GET / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n"))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let (_asked, lines, _body) = got.recv().await.unwrap();
    let lines = format!("{lines:?}");
    assert!(
        lines.contains("x-seen") && !lines.contains("x-spoofed"),
        "{lines}"
    );
}

/// Envoy's `ext_authz`, `clear_route_cache`: what the server says of headers decides where a request goes.
#[tokio::test]
async fn requests_that_are_let_in_look_for_their_rules_again_if_it_is_said() {
    for (reroutes, want) in [(true, "a"), (false, "b")] {
        let (auth, _got) = judge().await;
        let (known, unknown) = (origin::says("a").await, origin::says("b").await);
        let asked = Authorization {
            reroutes,
            ..over_http(keyed())
        };
        let of_user = authorized(rule(vec![to("a")]), asked.clone());
        let others = authorized(rule(vec![to("b")]), asked);
        let mut listener = listener("http", vec![("/of-user", of_user), ("/", others)]);
        only_of(&mut listener, "ann");
        let backends = vec![
            backend("a", &[known.address]),
            backend("b", &[unknown.address]),
            backend("auth", &[auth.address]),
        ];
        let (_proxy, at) = start(&ir(vec![listener], backends));
        for (status, body) in both(at, "/", "secret", "").await {
            assert_eq!((status, &*body), (200, want), "{reroutes}");
        }
    }
}

/// Has the first route take requests with this `x-user`, whatever their path.
fn only_of(listener: &mut Listener, user: &str) {
    let Stack::Http { hosts } = &mut listener.stack else {
        panic!("it speaks HTTP");
    };
    let mut routes = hosts[0].routes.clone();
    routes[0].matches = Match {
        path: PathMatch::prefix("/"),
        method: None,
        headers: vec![HeaderMatch {
            name: HeaderName::new("x-user").unwrap(),
            value: ValueMatch::Exact(user.into()),
        }],
        query: Vec::new(),
    };
    hosts[0] = Arc::new(VirtualHost::new(None, routes));
}
