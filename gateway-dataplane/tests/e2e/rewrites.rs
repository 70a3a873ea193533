//! Changes of host and path that settings ask for, and the retries of a host.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway_dataplane::forward::headers::Forwarding;
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{
    Captures, Failures, HostChange, PathChange, Retry, Rule, RuleSettings, Substitution,
    VirtualHostSettings,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::support::client::{Raw, get};
use crate::support::origin::{self, Origin};
use crate::support::{address, backend, builder, ir, listener, on_host, rule, serve, set, to};

async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let host = request.headers()["host"].to_str().unwrap();
        Response::new(Full::from(format!("{host}{}", request.uri())))
    })
    .await
}

fn with(change: impl FnOnce(&mut RuleSettings)) -> Rule {
    let mut rule = rule(vec![to("a")]);
    change(&mut rule.settings);
    rule
}

fn substitution(pattern: &str, with: &str) -> Substitution {
    Substitution {
        pattern: Captures::new(pattern).unwrap(),
        with: with.into(),
    }
}

/// What the backend sees of a request for `target`, which has `x-host: h.example`.
async fn seen(rule: Rule, origin: &Origin, target: &str) -> String {
    let routes = vec![("/set", rule)];
    let (_proxy, at) = serve(&ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address])],
    ));
    let mut client = Raw::connect(at).await;
    let head = "HTTP/1.1\r\nhost: a.example\r\nx-host: h.example\r\n\r\n";
    client.send(&format!("GET {target} {head}")).await;
    client.answer().await.body
}

#[tokio::test]
async fn the_matched_prefix_or_what_a_pattern_finds_is_replaced_and_the_query_stays() {
    let origin = echo().await;
    let rows = [
        (
            PathChange::Matched("/new".into()),
            "/set/a?b=/set",
            "/new/a?b=/set",
        ),
        (PathChange::Matched("/new".into()), "/set", "/new"),
        (PathChange::Matched("".into()), "/set", "/"),
        (
            PathChange::Pattern(substitution("^/set/(.*)$", r"/x/\1")),
            "/set/a?b",
            "/x/a?b",
        ),
        (
            PathChange::Pattern(substitution("t", "T")),
            "/set/t?t",
            "/seT/T?t",
        ),
        (
            PathChange::Pattern(substitution("^/other", "/x")),
            "/set/a",
            "/set/a",
        ),
    ];
    for (change, target, want) in rows {
        let what = format!("{change:?} {target}");
        let rule = with(|settings| settings.path_rewrite = set(change));
        assert_eq!(
            seen(rule, &origin, target).await,
            format!("a.example{want}"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn the_host_is_replaced() {
    let origin = echo().await;
    let header = |name| HostChange::Header(HeaderName::new(name).unwrap());
    let rows = [
        (
            HostChange::To(HeaderValue::new("b.example").unwrap()),
            "b.example",
        ),
        (header("x-host"), "h.example"),
        (header("x-none"), "a.example"),
        (
            HostChange::Path(substitution("^/set/(.+)$", r"\1.example")),
            "c.example",
        ),
    ];
    for (change, want) in rows {
        let rule = with(|settings| settings.host_rewrite = set(change));
        assert_eq!(seen(rule, &origin, "/set/c").await, format!("{want}/set/c"));
    }
}

fn retry(statuses: &[u16], failures: Failures) -> Retry {
    Retry {
        statuses: statuses.to_vec(),
        attempts: NonZeroU32::new(2).unwrap(),
        backoff: Duration::from_millis(1),
        max_backoff: Some(Duration::from_millis(2)),
        attempt_timeout: None,
        failures,
    }
}

/// A server that breaks off, or answers 503, and counts.
async fn fails(breaks: bool) -> (Origin, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let origin = origin::raw(move |stream| {
        let count = Arc::clone(&count);
        async move {
            let mut raw = Raw::over(stream);
            while raw.until("\r\n\r\n").await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                if breaks {
                    return;
                }
                raw.send("HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n")
                    .await;
            }
        }
    })
    .await;
    (origin, asked)
}

async fn post(at: SocketAddr) {
    let mut client = Raw::connect(at).await;
    client
        .send("POST /set HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n")
        .await;
    client.answer().await;
}

/// What is tried again is what is asked for; a host's word counts where the rule has none.
#[tokio::test]
async fn failures_and_statuses_are_tried_again_where_that_is_asked_for() {
    let none = Failures {
        connect: false,
        reset: false,
        timeout: false,
    };
    let resets = Failures {
        reset: true,
        ..none
    };
    for (breaks, statuses, failures, want) in [
        (true, &[][..], resets, 3),
        (true, &[503], none, 1),
        (false, &[503], none, 3),
        (false, &[502], resets, 1),
    ] {
        for of_host in [false, true] {
            let (origin, asked) = fails(breaks).await;
            let mut rule = rule(vec![to("a")]);
            let mut host = VirtualHostSettings::default();
            let retry = retry(statuses, failures);
            match of_host {
                true => host.retry = set(retry),
                false => rule.settings.retry = set(retry),
            }
            let listener = listener("http", vec![("/set", rule)]);
            let listener = on_host(listener, |virtual_host| {
                virtual_host.with_settings(Arc::new(host))
            });
            let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
            post(at).await;
            assert_eq!(
                asked.load(Ordering::SeqCst),
                want,
                "{breaks} {statuses:?} {of_host}"
            );
        }
    }
}

/// `RouteAction.append_x_forwarded_host` of Envoy.
#[tokio::test]
async fn the_host_that_was_asked_for_is_told_where_it_is_rewritten() {
    let origin = origin::http(|request: Request<Incoming>| async move {
        let told = request.headers().get("x-forwarded-host");
        let told = told.map_or("none", |told| told.to_str().unwrap());
        Response::new(Full::from(told.to_owned()))
    })
    .await;
    let host = || HostChange::To(HeaderValue::new("b.example").unwrap());
    let rows = [
        (Some(host()), Some(true), "a.example"),
        (Some(host()), Some(false), "none"),
        (Some(host()), None, "none"),
        (None, Some(true), "none"),
    ];
    for (change, told, want) in rows {
        let rule = with(|settings| {
            settings.host_rewrite = change.clone().and_then(set);
            settings.tells_host = told.and_then(set);
        });
        let mut forwarding = Forwarding::default();
        forwarding.x_forwarded_host = false;
        let proxy = builder().forwarding(forwarding).start().unwrap();
        let listener = listener("http", vec![("/", rule)]);
        let backend = backend("a", &[origin.address]);
        let at = address(&proxy.apply(&ir(vec![listener], vec![backend])));
        assert_eq!(get(at, "/").await.body, want, "{change:?} {told:?}");
    }
}
