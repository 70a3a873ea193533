//! Retries (GEP-1731) of attempts that bring no response.

use std::future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway_resolve::ir::{
    Backend, BackendSettings, RetryConstraint, Sourced, VirtualHostSettings,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::support::client::{Raw, get};
use crate::support::{
    attempt_timeout, backend, ir, listener, on_host, origin, request_timeout, retried, rule, serve,
    set, source, to,
};

const SHORT: Duration = Duration::from_millis(50);

/// HTTPRouteRetryConnectionError: without `codes` as well, and 502 is no answer when all fail.
#[tokio::test]
async fn connections_that_break_are_tried_again_and_end_in_503() {
    let origin = origin::raw(|stream| async move {
        Raw::over(stream).until("\r\n\r\n").await;
    })
    .await;
    let rule = retried(rule(vec![to("a")]), 2, &[]);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    ));
    assert_eq!(get(at, "/").await.status, 503);
    assert_eq!(origin.connections(), 3);
}

/// HTTPRouteRetry `backoff`: an attempt is retried "after timing out or receiving a response code".
#[tokio::test]
async fn attempts_that_take_too_long_are_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let origin = origin::http(move |_: Request<Incoming>| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                future::pending::<()>().await;
            }
            Response::new(Full::from("second"))
        }
    })
    .await;
    let rule = attempt_timeout(retried(rule(vec![to("a")]), 2, &[]), SHORT * 10);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    ));
    let answer = get(at, "/").await;
    assert_eq!((answer.status, &*answer.body), (200, "second"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// HTTPRouteRetry `backoff`: all attempts together are bounded by the request's timeout.
#[tokio::test]
async fn the_time_of_the_request_bounds_all_attempts() {
    let origin = origin::http(|_: Request<Incoming>| async {
        future::pending::<()>().await;
        Response::new(Full::from(""))
    })
    .await;
    let rule = request_timeout(retried(rule(vec![to("a")]), 100, &[]), SHORT * 3);
    let rule = attempt_timeout(rule, SHORT);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend("a", &[origin.address])],
    ));
    assert_eq!(get(at, "/").await.status, 504);
    assert!(origin.connections() <= 3, "{}", origin.connections());
}

/// XBackendTrafficPolicy `retryConstraint` (GEP-3388): what is beyond the budget MUST be answered with 503.
#[tokio::test]
async fn retries_beyond_the_budget_of_their_backend_are_answered_with_503() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let origin = origin::http(move |_: Request<Incoming>| {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            let mut response = Response::new(Full::from(""));
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    })
    .await;
    let hour = Duration::from_secs(3600);
    let constraint = RetryConstraint {
        percent: 0,
        interval: hour,
        least: NonZeroU32::new(3).unwrap(),
        least_interval: hour,
    };
    let policy = source("XBackendTrafficPolicy", "a");
    let constraint = Sourced::new(constraint, "spec.retryConstraint", policy);
    let mut settings = BackendSettings::default();
    settings.retry_constraint = Some(Box::new(constraint));
    let backend = Backend {
        settings,
        ..backend("a", &[origin.address])
    };
    let rule = retried(rule(vec![to("a")]), 2, &[500]);
    let (_proxy, at) = serve(&ir(
        vec![listener("http", vec![("/", rule)])],
        vec![backend],
    ));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(at, "/").await.status);
    }
    // Three attempts, then two of which the last would be the fourth retry, then one.
    assert_eq!(statuses, [500, 503, 503]);
    assert_eq!(asked.load(Ordering::SeqCst), 3 + 2 + 1);
}

/// A backend that answers 503 with which attempt it was asked by.
async fn tells_attempt() -> origin::Origin {
    origin::http(|request: Request<Incoming>| async move {
        let count = request.headers().get("x-envoy-attempt-count");
        let count = count
            .map_or("none", |count| count.to_str().unwrap())
            .to_owned();
        Response::builder()
            .status(503)
            .body(Full::from(count))
            .unwrap()
    })
    .await
}

#[tokio::test]
async fn backends_and_clients_are_told_of_attempts_where_a_host_says_so() {
    let origin = tells_attempt().await;
    for (retries, told) in [(0, true), (2, true), (2, false)] {
        let rule = match retries {
            0 => rule(vec![to("a")]),
            retries => retried(rule(vec![to("a")]), retries, &[503]),
        };
        let mut settings = VirtualHostSettings::default();
        settings.tells_backends_attempts = set(told);
        settings.tells_clients_attempts = set(told);
        let settings = Arc::new(settings);
        let listener = on_host(listener("http", vec![("/", rule)]), |host| {
            host.with_settings(Arc::clone(&settings))
        });
        let (_proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
        let answer = get(at, "/").await;
        let count = told.then(|| (retries + 1).to_string());
        assert_eq!(answer.header("x-envoy-attempt-count"), count.as_deref());
        assert_eq!(answer.body, count.as_deref().unwrap_or("none"));
    }
}
