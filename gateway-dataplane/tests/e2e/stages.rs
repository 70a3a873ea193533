//! The stages that settings ask for: faults, rate limits, CSRF, buffering, changes to headers.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_dataplane::Proxy;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    Abort, AddedHeader, Buffer, Csrf, Delay, Fault, Format, Fraction, HeaderChanges,
    HeaderManipulation, Ir, Listener, ListenerSettings, LocalRateLimit, Rule, RuleSettings,
    TextMatch, TextMatchKind, VirtualHost, VirtualHostSettings,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::support::client::{Answer, Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{backend, ir, listener, on_host, rule, serve, set, to};

/// A backend that answers with the headers that it gets, and the length of the body.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let (head, body) = request.into_parts();
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            format!("{name}: {}\n", value.to_str().unwrap())
        };
        let lines: String = head.headers.iter().map(line).collect();
        let length = body.collect().await.unwrap().to_bytes().len();
        Response::builder()
            .header("x-old", "1")
            .header("x-gone", "1")
            .body(Full::from(format!("{lines}{length}")))
            .unwrap()
    })
    .await
}

fn with(change: impl FnOnce(&mut RuleSettings)) -> Rule {
    let mut rule = rule(vec![to("a")]);
    change(&mut rule.settings);
    rule
}

/// `/set` leads to `rule`, `/` to one without settings.
fn beside(rule: Rule, origin: &Origin) -> Arc<Ir> {
    let routes = vec![("/set", rule), ("/", with(|_| {}))];
    ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address])],
    )
}

fn start(ir: &Arc<Ir>) -> (Proxy, SocketAddr) {
    serve(ir)
}

/// A request with these lines over HTTP/1.1.
async fn ask(at: SocketAddr, first: &str, lines: &str, body: &str) -> Answer {
    let mut client = Raw::connect(at).await;
    let length = body.len();
    let head = format!("{first} HTTP/1.1\r\nhost: a.example\r\n{lines}");
    client
        .send(&format!("{head}content-length: {length}\r\n\r\n{body}"))
        .await;
    client.answer().await
}

async fn status_over_http2(at: SocketAddr, path: &str, body: &'static str) -> u16 {
    let request = Request::post(format!("http://a.example{path}"));
    let request = request.body(Full::from(body)).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    answer.status().as_u16()
}

fn share(numerator: u32) -> Fraction {
    let denominator = NonZeroU32::new(100).unwrap();
    Fraction {
        numerator,
        denominator,
    }
}

fn abort(share: Fraction) -> Fault {
    let status = NonZeroU16::new(418).unwrap();
    Fault {
        abort: Some(Abort { status, share }),
        delay: None,
    }
}

#[tokio::test]
async fn a_fault_answers_its_share_of_requests() {
    let origin = echo().await;
    for (numerator, status) in [(100, 418), (0, 200)] {
        let rule = with(|settings| settings.fault = set(abort(share(numerator))));
        let (_proxy, at) = start(&beside(rule, &origin));
        let answer = ask(at, "GET /set", "", "").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body == "fault filter abort", status == 418);
        assert_eq!(status_over_http2(at, "/set", "").await, status);
        assert_eq!(ask(at, "GET /", "", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_fault_delays_before_it_answers() {
    let origin = echo().await;
    let time = Duration::from_millis(120);
    let fault = Fault {
        delay: Some(Delay {
            time,
            share: share(100),
        }),
        ..abort(share(100))
    };
    let (_proxy, at) = start(&beside(with(|s| s.fault = set(fault)), &origin));
    let begun = Instant::now();
    assert_eq!(ask(at, "GET /set", "", "").await.status, 418);
    assert!(begun.elapsed() >= time);
}

fn limit(tokens: u32) -> LocalRateLimit {
    let tokens = NonZeroU32::new(tokens).unwrap();
    LocalRateLimit {
        tokens,
        refill: NonZeroU32::MIN,
        interval: Duration::from_secs(3600),
    }
}

/// The statuses of so many requests.
async fn statuses(at: SocketAddr, path: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(ask(at, &format!("GET {path}"), "", "").await.status);
    }
    statuses
}

#[tokio::test]
async fn requests_beyond_a_rate_limit_are_answered_whatever_the_worker_and_across_reloads() {
    let origin = echo().await;
    let limited = || with(|settings| settings.local_rate_limit = set(limit(3)));
    let (proxy, at) = start(&beside(limited(), &origin));
    assert_eq!(statuses(at, "/set", 2).await, [200, 200]);
    let mut changed = limited();
    changed.settings.fault = set(abort(share(0)));
    proxy.apply(&beside(changed, &origin));
    assert_eq!(statuses(at, "/set", 2).await, [200, 429]);
    let answer = ask(at, "GET /set", "", "").await;
    assert_eq!((answer.status, &*answer.body), (429, "local_rate_limited"));
    assert_eq!(status_over_http2(at, "/set", "").await, 429);
    assert_eq!(statuses(at, "/", 2).await, [200, 200]);
}

fn settled(
    routes: Vec<(&str, Rule)>,
    host: VirtualHostSettings,
    of_listener: ListenerSettings,
) -> Listener {
    let mut listener = on_host(listener("http", routes), |virtual_host: VirtualHost| {
        virtual_host.with_settings(Arc::new(host))
    });
    listener.settings = Arc::new(of_listener);
    listener
}

/// Only the bucket of the most specific level that has one is taken from.
#[tokio::test]
async fn each_level_has_a_bucket_of_its_own() {
    let origin = echo().await;
    let own = with(|settings| settings.local_rate_limit = set(limit(1)));
    let mut host = VirtualHostSettings::default();
    host.local_rate_limit = set(limit(2));
    let mut of_listener = ListenerSettings::default();
    of_listener.local_rate_limit = set(limit(1));
    let routes = || {
        vec![
            ("/own", own.clone()),
            ("/b", with(|_| {})),
            ("/", with(|_| {})),
        ]
    };
    let backends = || vec![backend("a", &[origin.address])];
    let both = settled(routes(), host, of_listener.clone());
    let (_proxy, at) = start(&ir(vec![both], backends()));
    assert_eq!(statuses(at, "/own", 2).await, [200, 429]);
    assert_eq!(statuses(at, "/b", 1).await, [200]);
    assert_eq!(statuses(at, "/", 2).await, [200, 429]);
    let one = settled(routes(), VirtualHostSettings::default(), of_listener);
    let (_proxy, at) = start(&ir(vec![one], backends()));
    assert_eq!(statuses(at, "/own", 1).await, [200]);
    assert_eq!(statuses(at, "/b", 1).await, [200]);
    assert_eq!(statuses(at, "/", 1).await, [429]);
}

#[tokio::test]
async fn what_changes_something_has_to_come_from_its_own_site() {
    let origin = echo().await;
    let csrf = |numerator| Csrf {
        share: share(numerator),
        additional_origins: vec![TextMatch {
            kind: TextMatchKind::Suffix(".friend.example".into()),
            ignores_case: true,
        }],
    };
    let (_proxy, at) = start(&beside(with(|s| s.csrf = set(csrf(100))), &origin));
    let rows = [
        ("POST /set", "origin: http://a.example\r\n", 200),
        ("POST /set", "origin: http://b.example\r\n", 403),
        ("POST /set", "origin: http://x.FRIEND.example\r\n", 200),
        ("POST /set", "origin: null\r\n", 403),
        ("POST /set", "", 403),
        ("DELETE /set", "referer: http://a.example/form\r\n", 200),
        ("PUT /set", "referer: http://b.example/form\r\n", 403),
        (
            "PATCH /set",
            "origin: http://b.example\r\nreferer: http://a.example/\r\n",
            403,
        ),
        ("GET /set", "origin: http://b.example\r\n", 200),
        ("OPTIONS /set", "", 200),
        ("POST /", "origin: http://b.example\r\n", 200),
    ];
    for (first, lines, status) in rows {
        let answer = ask(at, first, lines, "").await;
        assert_eq!(answer.status, status, "{first} {lines}");
        assert_eq!(answer.body == "Invalid origin", status == 403);
    }
    assert_eq!(status_over_http2(at, "/set", "").await, 403);
    let (_proxy, at) = start(&beside(with(|s| s.csrf = set(csrf(0))), &origin));
    assert_eq!(ask(at, "POST /set", "", "").await.status, 200);
}

#[tokio::test]
async fn a_buffered_request_has_a_length_and_a_limit() {
    let origin = echo().await;
    let rule = with(|settings| settings.buffer = set(Buffer::UpTo(8)));
    let (_proxy, at) = start(&beside(rule, &origin));
    let mut client = Raw::connect(at).await;
    let chunked = "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    client
        .send(&format!(
            "POST /set HTTP/1.1\r\nhost: a.example\r\n{chunked}"
        ))
        .await;
    let answer = client.answer().await;
    assert!(
        answer.body.contains("content-length: 5\n"),
        "{}",
        answer.body
    );
    assert!(answer.body.ends_with("\n5"), "{}", answer.body);
    let long = ask(at, "POST /set", "", "ninebytes").await;
    assert_eq!((long.status, &*long.body), (413, "Payload Too Large"));
    assert_eq!(status_over_http2(at, "/set", "eightbyt").await, 200);
    assert_eq!(status_over_http2(at, "/set", "ninebytes").await, 413);
    assert_eq!(ask(at, "POST /", "", "ninebytes").await.status, 200);
}

fn header(name: &str, value: &str, append: bool) -> AddedHeader {
    AddedHeader {
        name: HeaderName::new(name).unwrap(),
        value: Format::new(value).unwrap(),
        append,
    }
}

fn changes(add: Vec<AddedHeader>, remove: &[&str]) -> HeaderChanges {
    let remove = remove.iter().map(|name| HeaderName::new(name).unwrap());
    HeaderChanges {
        add,
        remove: remove.collect(),
    }
}

#[tokio::test]
async fn headers_are_made_for_each_request() {
    let origin = echo().await;
    let manipulation = HeaderManipulation {
        request: changes(
            vec![
                header(
                    "x-user",
                    "%REQ(x-name?x-alias):3% of %REQ(:authority)%",
                    false,
                ),
                header("x-more", "b", true),
                header("x-none", "%REQ(x-absent)%", false),
                header("x-path", "%REQ(:path)%", false),
            ],
            &["x-secret"],
        ),
        response: changes(
            vec![
                header(
                    "x-status",
                    "%RESPONSE_CODE% %RESP(x-old)% %REQ(:method)%",
                    false,
                ),
                header("x-old", "2", true),
            ],
            &["x-gone"],
        ),
    };
    let rule = with(|settings| settings.header_manipulation = set(manipulation));
    let (_proxy, at) = start(&beside(rule, &origin));
    let lines = "x-alias: annabel\r\nx-more: a\r\nx-secret: 1\r\n";
    let answer = ask(at, "GET /set?q", lines, "").await;
    for line in [
        "x-user: ann of a.example\n",
        "x-more: a\nx-more: b\n",
        "x-path: /set?q\n",
    ] {
        assert!(answer.body.contains(line), "{line}: {}", answer.body);
    }
    assert!(!answer.body.contains("x-none") && !answer.body.contains("x-secret"));
    assert_eq!(answer.header("x-status"), Some("200 1 get"));
    let old = answer
        .head
        .lines()
        .filter(|line| line.starts_with("x-old: "));
    assert_eq!(old.collect::<Vec<_>>(), ["x-old: 1", "x-old: 2"]);
    assert!(!answer.head.contains("x-gone"));
    let plain = ask(at, "GET /", lines, "").await;
    assert!(plain.body.contains("x-secret") && plain.head.contains("x-gone"));
    let request = Request::get("http://a.example/set").header("x-name", "bob");
    let request = request.body(Full::default()).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["x-status"], "200 1 GET");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body = str::from_utf8(&body).unwrap();
    assert!(body.contains("x-user: bob of a.example\n"), "{body}");
}

/// Those of the rule are done first, so that those of the host have the last word.
#[tokio::test]
async fn changes_of_rule_and_host_are_both_done() {
    let origin = echo().await;
    let one = |add, remove: &[&str]| HeaderManipulation {
        request: changes(add, remove),
        response: HeaderChanges::default(),
    };
    let of_rule = vec![header("x-a", "rule", false), header("x-b", "rule", false)];
    let rule = with(|settings| settings.header_manipulation = set(one(of_rule, &[])));
    let mut host = VirtualHostSettings::default();
    host.header_manipulation = set(one(vec![header("x-a", "host", false)], &["x-b"]));
    let listener = settled(vec![("/", rule)], host, ListenerSettings::default());
    let (_proxy, at) = start(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let answer = ask(at, "GET /", "", "").await;
    assert!(answer.body.contains("x-a: host\n"), "{}", answer.body);
    assert!(!answer.body.contains("x-b"), "{}", answer.body);
}
