//! Endpoints that answer badly are left alone: Envoy, "Outlier detection".

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gateway_resolve::ir::{Backend, Ejection, InARow, Ir, Silence, SuccessRate};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::support::client::Raw;
use crate::support::{address, backend, builder, h2c, ir, listener, origin, rule, set, to};

/// An endpoint whose status can be changed, and that counts what it is asked.
struct Endpoint {
    origin: origin::Origin,
    status: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    async fn answering(status: u16) -> Self {
        let (status, asked) = (
            Arc::new(AtomicU16::new(status)),
            Arc::<AtomicUsize>::default(),
        );
        let (said, counted) = (Arc::clone(&status), Arc::clone(&asked));
        let origin = origin::http(move |_request| {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut response = Response::new(Full::<Bytes>::default());
            *response.status_mut() =
                StatusCode::from_u16(said.load(Ordering::Relaxed)).expect("a status");
            async move { response }
        })
        .await;
        Self {
            origin,
            status,
            asked,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn in_a_row(count: u32) -> Option<InARow> {
    NonZeroU32::new(count).map(InARow::always)
}

/// Nothing is looked at.
fn nothing() -> Ejection {
    Ejection {
        server_errors: None,
        gateway_errors: None,
        silence: Silence::GatewayError,
        success_rate: None,
        interval: Duration::from_secs(10),
        period: Duration::from_secs(600),
        longest: Duration::from_secs(600),
        most_percent: 100,
    }
}

fn of(endpoints: &[&Endpoint], ejection: Ejection) -> Backend {
    let addresses: Vec<_> = endpoints.iter().map(|e| e.origin.address).collect();
    let mut backend = backend("a", &addresses);
    backend.settings.ejection = set(ejection);
    backend
}

fn only(backend: Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

/// How often each endpoint is asked, of so many requests.
async fn asked(backend: Backend, endpoints: &[&Endpoint], requests: usize) -> Vec<usize> {
    let proxy = builder().workers(1).start().unwrap();
    let mut client = Raw::connect(address(&proxy.apply(&only(backend)))).await;
    for _ in 0..requests {
        client.get("/").await;
    }
    endpoints.iter().map(|endpoint| endpoint.asked()).collect()
}

/// `consecutive_5xx`.
#[tokio::test]
async fn errors_in_a_row_take_an_endpoint_out() {
    for over_http2 in [false, true] {
        let (good, bad) = (
            Endpoint::answering(200).await,
            Endpoint::answering(500).await,
        );
        let ejection = Ejection {
            server_errors: in_a_row(3),
            ..nothing()
        };
        let backend = of(&[&good, &bad], ejection);
        let backend = if over_http2 { h2c(backend) } else { backend };
        assert_eq!(
            asked(backend, &[&good, &bad], 20).await,
            [17, 3],
            "{over_http2}"
        );
    }
}

/// `consecutive_gateway_failure` counts 502, 503 and 504 alone.
#[tokio::test]
async fn errors_of_gateways_count_apart() {
    let ejection = Ejection {
        gateway_errors: in_a_row(3),
        ..nothing()
    };
    for (status, taken_out) in [
        (500, false),
        (501, false),
        (502, true),
        (503, true),
        (504, true),
    ] {
        let (good, bad) = (
            Endpoint::answering(200).await,
            Endpoint::answering(status).await,
        );
        let asked = asked(of(&[&good, &bad], ejection), &[&good, &bad], 20).await;
        let expected = if taken_out { [17, 3] } else { [10, 10] };
        assert_eq!(asked, expected, "{status}");
    }
}

/// `max_ejection_percent`: no more than that are out, not even the first.
#[tokio::test]
async fn no_more_are_out_than_may_be() {
    let ejection = |most_percent| Ejection {
        server_errors: in_a_row(2),
        most_percent,
        ..nothing()
    };
    for (most, out) in [(10, 0), (49, 0), (50, 1), (100, 1)] {
        let (good, bad) = (
            Endpoint::answering(200).await,
            Endpoint::answering(500).await,
        );
        let asked = asked(of(&[&good, &bad], ejection(most)), &[&good, &bad], 20).await;
        let expected = if out == 1 { [18, 2] } else { [10, 10] };
        assert_eq!(asked, expected, "{most}");
    }
}

/// `split_external_local_origin_errors`: a connection that is refused is no answer.
#[tokio::test]
async fn failures_without_an_answer_count_as_errors_or_apart() {
    let connects = || async {
        origin::raw(|stream| async move {
            Raw::over(stream).until("\r\n\r\n").await;
        })
        .await
    };
    let rows = [
        (Silence::GatewayError, in_a_row(2), true),
        (
            Silence::Apart {
                failures: None,
                success_rate: None,
            },
            in_a_row(2),
            false,
        ),
        (
            Silence::Apart {
                failures: in_a_row(2),
                success_rate: None,
            },
            None,
            true,
        ),
    ];
    for (silence, server_errors, taken_out) in rows {
        let (good, silent) = (Endpoint::answering(200).await, connects().await);
        let ejection = Ejection {
            server_errors,
            silence,
            ..nothing()
        };
        let mut backend = backend("a", &[good.origin.address, silent.address]);
        backend.settings.ejection = set(ejection);
        asked(backend, &[&good], 20).await;
        assert_eq!(
            silent.connections() == 2,
            taken_out,
            "{silence:?}: {}",
            silent.connections()
        );
    }
}

/// An ejection ends by itself, and the endpoint gets as many errors as before until the next one.
#[tokio::test]
async fn an_endpoint_is_back_after_its_time() {
    let (good, bad) = (
        Endpoint::answering(200).await,
        Endpoint::answering(500).await,
    );
    let ejection = Ejection {
        server_errors: in_a_row(2),
        period: Duration::from_millis(50),
        ..nothing()
    };
    let proxy = builder().workers(1).start().unwrap();
    let backend = of(&[&good, &bad], ejection);
    let mut client = Raw::connect(address(&proxy.apply(&only(backend)))).await;
    while bad.asked() < 2 {
        client.get("/").await;
    }
    bad.status.store(200, Ordering::Relaxed);
    let back = async {
        while bad.asked() < 10 {
            client.get("/").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back)
        .await
        .expect("it is back");
}

/// An endpoint that stays keeps what is known of it when others come (`design.md`, state that outlives a reload).
#[tokio::test]
async fn an_endpoint_stays_out_over_a_reload() {
    let (good, bad) = (
        Endpoint::answering(200).await,
        Endpoint::answering(500).await,
    );
    let late = Endpoint::answering(200).await;
    let ejection = Ejection {
        server_errors: in_a_row(2),
        ..nothing()
    };
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&only(of(&[&good, &bad], ejection))));
    let mut client = Raw::connect(at).await;
    for _ in 0..10 {
        client.get("/").await;
    }
    proxy.apply(&only(of(&[&good, &bad, &late], ejection)));
    for _ in 0..10 {
        client.get("/").await;
    }
    assert_eq!(bad.asked(), 2);
    assert!(late.asked() > 0);
}

/// Success rate: an endpoint that is far below the mean is taken out, whatever its row.
#[tokio::test]
async fn an_endpoint_that_is_worse_than_the_others_is_taken_out() {
    let mut endpoints = Vec::new();
    for status in [200, 200, 200, 200, 500] {
        endpoints.push(Endpoint::answering(status).await);
    }
    let ejection = Ejection {
        success_rate: Some(SuccessRate {
            endpoints: 5,
            requests: 2,
            deviations: 1_900,
            enforced_percent: 100,
        }),
        interval: Duration::from_millis(100),
        ..nothing()
    };
    let all: Vec<_> = endpoints.iter().collect();
    let proxy = builder().workers(1).start().unwrap();
    let mut client = Raw::connect(address(&proxy.apply(&only(of(&all, ejection))))).await;
    let left_alone = async {
        loop {
            let before = endpoints[4].asked();
            for _ in 0..20 {
                client.get("/").await;
            }
            if endpoints[4].asked() == before {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left_alone)
        .await
        .expect("it is taken out");
}
