//! Connections of HTTP/2 to backends.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Response};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{Notify, Semaphore};

use crate::ir::{address, attempt_timeout, backend, builder, h2c, ir, listener, origin, rule, to};
use crate::support::client::Client;
use crate::support::h2::{
    DATA, END_HEADERS, END_STREAM, GET, GOAWAY, H2, HEADERS, Outcome, PING, SETTINGS, block, frame,
};
use crate::support::h2_backend::{Asked, backend_of, in_front_of};
use crate::support::{get, post, soon};

const SHORT: Duration = Duration::from_millis(50);
const ALL: u32 = 1_000;

fn nothing() {}

/// RFC 9113 section 5.2.2: what one reader does not take uses up its own window only.
#[tokio::test]
async fn responses_that_nobody_reads_hold_up_no_other() {
    const STUCK: usize = 60;
    const WINDOW: usize = 128 << 10;
    let (stuck, mut sent) = unbounded_channel();
    let handle = move |asked: Asked| {
        let stuck = stuck.clone();
        async move {
            let mut asked = asked;
            if asked.request.uri().path() == "/small" {
                return asked.say("small");
            }
            let mut stream = asked.send.send_response(Response::new(()), false).unwrap();
            let mut left = 1 << 20;
            while left > 0 {
                stream.reserve_capacity(left);
                let Some(Ok(capacity)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await
                else {
                    return;
                };
                stream
                    .send_data(Bytes::from(vec![b'x'; capacity]), false)
                    .unwrap();
                if (left > (1 << 20) - WINDOW) && left - capacity <= (1 << 20) - WINDOW {
                    stuck.send(()).unwrap();
                }
                left -= capacity;
            }
        }
    };
    let origin = backend_of(ALL, handle, nothing).await;
    let (_proxy, at) = in_front_of(&[origin.address], |_| {});
    let mut hoarder = H2::to(at).await;
    // Not a byte of a body may be sent (RFC 9113 section 6.5.2).
    hoarder.frame(SETTINGS, 0, 0, [0, 4, 0, 0, 0, 0]).await;
    for index in 0..STUCK {
        let stream = u32::try_from(index).unwrap() * 2 + 1;
        hoarder.request(stream, &GET).await;
    }
    for _ in 0..STUCK {
        soon("a window to be used up", sent.recv()).await.unwrap();
    }
    let mut client = Client::connect(at).await;
    client.send(get("/small")).await;
    assert_eq!(client.answer().await.body, "5\r\nsmall\r\n0\r\n\r\n");
    assert_eq!(origin.connections(), 1);
}

/// RFC 9113 section 5.1.2: neither this end's limit nor the endpoint's is exceeded; there are more connections.
#[tokio::test]
async fn a_connection_that_is_full_gets_no_more_requests() {
    for (ours, theirs, connections) in [(2, ALL, 3), (64, 1, 5)] {
        let (asked, mut arrived) = unbounded_channel();
        let go = Arc::new(Semaphore::new(0));
        let gate = Arc::clone(&go);
        let handle = move |request: Asked| {
            asked.send(request.connection).unwrap();
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                request.say("ok");
            }
        };
        let origin = backend_of(theirs, handle, nothing).await;
        let limit = |limits: &mut gateway_dataplane::Limits| limits.upstream_h2_streams = ours;
        let (_proxy, at) = in_front_of(&[origin.address], limit);
        let mut clients = Vec::new();
        for _ in 0..5 {
            let mut client = Client::connect(at).await;
            client.send(get("/")).await;
            clients.push(client);
        }
        for _ in 0..5 {
            soon("a request", arrived.recv()).await.unwrap();
        }
        assert_eq!(origin.connections(), connections);
        go.add_permits(5);
        for mut client in clients {
            assert_eq!(client.answer().await.status, 200);
        }
    }
}

/// An endpoint that accepts and says nothing: the handshake is a part of connecting.
async fn mute() -> origin::Origin {
    origin::raw(|stream| async move {
        let _open = stream;
        pending::<()>().await;
    })
    .await
}

async fn saying(text: &'static str) -> origin::Origin {
    backend_of(ALL, move |asked| async move { asked.say(text) }, nothing).await
}

#[tokio::test]
async fn connecting_to_one_endpoint_holds_nobody_who_can_use_another() {
    let (mute, good) = (mute().await, saying("good").await);
    let endpoints = [mute.address, good.address];
    let (_proxy, at) = in_front_of(&endpoints, |limits| {
        limits.connect = Duration::from_secs(3_600);
        limits.connect_patience = SHORT;
    });
    let mut client = Client::connect(at).await;
    for _ in 0..6 {
        client.send(get("/")).await;
        assert_eq!(client.answer().await.status, 200);
    }
    assert_eq!(mute.connections(), 1);
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_a_connection_that_was_not_made() {
    let mute = mute().await;
    let (_proxy, at) = in_front_of(&[mute.address], |limits| limits.connect = SHORT);
    let mut client = Client::connect(at).await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 503);
}

/// RFC 9113 section 6.7: a connection that went silent is found out with a PING, and replaced.
#[tokio::test]
async fn a_connection_that_went_silent_is_replaced() {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    let first = Arc::new(AtomicUsize::new(0));
    let origin = origin::raw(move |stream| {
        let (told, first) = (Arc::clone(&told), Arc::clone(&first));
        async move {
            let mut h2 = H2::accept(stream).await;
            let silent = first.fetch_add(1, Ordering::SeqCst) == 0;
            let mut answered = 0;
            while let Some(asked) = h2.asked().await {
                if silent && answered == 1 {
                    // Read on, but not as one who speaks HTTP/2.
                    h2.into_client().rest_bytes().await;
                    return told.notify_one();
                }
                h2.answer(asked.stream, "204").await;
                answered += 1;
            }
        }
    })
    .await;
    let rule = attempt_timeout(rule(vec![to("a")]), SHORT);
    let mut limits = gateway_dataplane::Limits::default();
    limits.upstream_ping = SHORT;
    let proxy = builder().workers(1).limits(limits).start().unwrap();
    let backends = vec![h2c(backend("a", &[origin.address]))];
    let at = address(&proxy.apply(&ir(vec![listener("http", vec![("/", rule)])], backends)));
    let mut client = Client::connect(at).await;
    for status in [204, 504] {
        client.send(get("/")).await;
        assert_eq!(client.answer().await.status, status);
    }
    soon("the silent connection to close", closed.notified()).await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 204);
    assert_eq!(origin.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_closed() {
    let left = Arc::new(Notify::new());
    let tell = Arc::clone(&left);
    let handle = |asked: Asked| async move { asked.say("ok") };
    let origin = backend_of(ALL, handle, move || tell.notify_one()).await;
    let (_proxy, at) = in_front_of(&[origin.address], |limits| limits.upstream_idle = SHORT);
    let mut client = Client::connect(at).await;
    for connections in 1..=2 {
        client.send(get("/")).await;
        assert_eq!(client.answer().await.status, 200);
        soon("the idle connection to close", left.notified()).await;
        assert_eq!(origin.connections(), connections);
    }
}

/// An endpoint whose first connection takes no request (GOAWAY), and whose others say what they were sent.
async fn going_away() -> origin::Origin {
    let first = Arc::new(AtomicUsize::new(0));
    origin::raw(move |stream| {
        let first = first.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                let mut h2 = H2::accept(stream).await;
                h2.asked().await;
                h2.frame(GOAWAY, 0, 0, [0; 8]).await;
                while h2.read().await.is_some() {}
                return;
            }
            let mut server = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, send))) = server.accept().await {
                let mut asked = Asked {
                    connection: 1,
                    before: 0,
                    request,
                    send,
                };
                tokio::spawn(async move {
                    let authority = asked.request.uri().authority().unwrap().clone();
                    let body = asked.body().await;
                    asked.say(format!("{authority} {body}"));
                });
            }
        }
    })
    .await
}

/// RFC 9113 section 8.7: streams beyond the last that a GOAWAY names were not processed.
#[tokio::test]
async fn a_request_that_is_handed_back_is_sent_again_as_it_was() {
    for (request, want) in [
        (get("/"), "a.example "),
        (post("content-length: 5\r\n", "hello"), "a.example hello"),
        (
            post("transfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            "a.example hello",
        ),
    ] {
        let origin = going_away().await;
        let (_proxy, at) = in_front_of(&[origin.address], |_| {});
        let mut client = Client::connect(at).await;
        client.send(request).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(want), "{answer:?}");
    }
}

/// RFC 9113 section 8.7: the same for REFUSED_STREAM, whatever the method.
#[tokio::test]
async fn a_refused_stream_is_tried_again() {
    let handle = |mut asked: Asked| async move {
        if asked.before == 0 {
            // Some of the body may have come already.
            let _some = asked.request.body_mut().data().await;
            return asked.send.send_reset(Reason::REFUSED_STREAM);
        }
        let body = asked.body().await;
        asked.say(body);
    };
    let origin = backend_of(ALL, handle, nothing).await;
    let (_proxy, at) = in_front_of(&[origin.address], |_| {});
    let mut client = Client::connect(at).await;
    client.send(post("content-length: 5\r\n", "hello")).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("hello"), "{answer:?}");
}

/// What was sent and not kept cannot be sent again; and nobody is asked for ever.
#[tokio::test]
async fn a_refused_stream_that_cannot_be_repeated_is_answered_with_503() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let handle = move |mut asked: Asked| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let _some = asked.request.body_mut().data().await;
            asked.send.send_reset(Reason::REFUSED_STREAM);
        }
    };
    let origin = backend_of(ALL, handle, nothing).await;
    let (_proxy, at) = in_front_of(&[origin.address], |limits| limits.retry_body = 4);
    for (request, times) in [(post("content-length: 5\r\n", "hello"), 1), (get("/"), 3)] {
        asked.store(0, Ordering::SeqCst);
        let mut client = Client::connect(at).await;
        client.send(request).await;
        assert_eq!(client.answer().await.status, 503);
        assert!(asked.load(Ordering::SeqCst) <= times);
    }
}

/// RFC 9113 section 10.5.1: the head of a response is bounded as well, in bytes and in fields.
#[tokio::test]
async fn heads_of_a_response_that_are_too_large_are_a_bad_gateway() {
    for (count, length) in [(1, 100_000), (200, 1)] {
        let handle = move |mut asked: Asked| async move {
            let mut response = Response::new(());
            let mut headers = HeaderMap::new();
            for _ in 0..count {
                let value = HeaderValue::try_from("y".repeat(length)).unwrap();
                headers.append("x", value);
            }
            *response.headers_mut() = headers;
            let _reset = asked.send.send_response(response, true);
        };
        let origin = backend_of(ALL, handle, nothing).await;
        let (_proxy, at) = in_front_of(&[origin.address], |_| {});
        let mut client = Client::connect(at).await;
        client.send(get("/")).await;
        assert_eq!(client.answer().await.status, 502, "{count} of {length}");
    }
}

/// RFC 9110 section 15.2, and RFC 9113 section 8.1: from one HTTP/2 to the other.
#[tokio::test]
async fn interim_responses_are_passed_on_between_connections_of_http_2() {
    let origin = origin::raw(|stream| async move {
        let mut h2 = H2::accept(stream).await;
        while let Some(asked) = h2.asked().await {
            let hints = block(&[(":status", "103"), ("link", "</a.css>")]);
            h2.frame(HEADERS, END_HEADERS, asked.stream, hints).await;
            let head = block(&[(":status", "200")]);
            h2.frame(HEADERS, END_HEADERS, asked.stream, head).await;
            h2.frame(DATA, END_STREAM, asked.stream, "ok").await;
        }
    })
    .await;
    let (_proxy, at) = in_front_of(&[origin.address], |_| {});
    let mut h2 = H2::to(at).await;
    h2.request(1, &GET).await;
    for status in [103, 200] {
        assert_eq!(h2.outcome(1).await, Outcome::Status(status));
    }
}

/// RFC 9113 section 10.5: an endpoint that floods its connection with frames that ask for nothing loses it, and its
/// requests are over.
#[tokio::test]
async fn an_endpoint_that_sends_pings_without_end_loses_its_connection() {
    let origin = origin::raw(|stream| async move {
        let mut h2 = H2::accept(stream).await;
        h2.asked().await;
        h2.send(frame(PING, 0, 0, [0; 8]).repeat(500)).await;
        while h2.read().await.is_some() {}
    })
    .await;
    let (_proxy, at) = in_front_of(&[origin.address], |limits| limits.h2_control_frames = 200);
    let mut client = Client::connect(at).await;
    client.send(post("content-length: 0\r\n", "")).await;
    assert_eq!(client.answer().await.status, 502);
}
