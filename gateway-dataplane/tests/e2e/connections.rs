//! How backends say that they are to be connected to.

use std::future;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{
    AppProtocol, Backend, HttpConnections, Ir, OpenAtMost, Preconnect, ProxyHeader, TunnelThrough,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::support::client::{Raw, get, http2};
use crate::support::{address, backend, builder, h2c, ir, listener, origin, rule, serve, set, to};

fn only(backend: Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Envoy, `max_requests_per_connection`.
#[tokio::test]
async fn a_connection_takes_as_many_requests_as_are_said() {
    for version in [|backend| backend, h2c] {
        let origin = origin::says("hello").await;
        let mut spent = version(backend("a", &[origin.address]));
        spent.settings.http = set(HttpConnections {
            requests: NonZeroU32::new(2),
            ..HttpConnections::default()
        });
        let (_proxy, at) = serve(&only(spent));
        let mut client = Raw::connect(at).await;
        for _ in 0..6 {
            assert_eq!(client.get("/").await.body, "hello");
        }
        assert_eq!(origin.connections(), 3);
    }
}

/// Envoy, circuit breakers: requests wait for a connection, and what is too much is refused.
#[tokio::test]
async fn requests_wait_for_a_connection_if_they_may() {
    let turns = Arc::new(Semaphore::new(0));
    let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let held = Arc::clone(&turns);
    let origin = origin::http(move |_: Request<Incoming>| {
        told.send(()).unwrap();
        let held = Arc::clone(&held);
        async move {
            held.acquire().await.unwrap().forget();
            Response::new(Full::<Bytes>::from("done"))
        }
    })
    .await;
    let mut narrow = backend("a", &[origin.address]);
    narrow.settings.open_at_most = set(OpenAtMost {
        connections: Some(1),
        waiting: Some(1),
        ..OpenAtMost::default()
    });
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&only(narrow)));
    let first = tokio::spawn(async move { get(at, "/").await });
    asked.recv().await.unwrap();
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..2 {
        others.spawn(async move { get(at, "/").await });
    }
    // One of them waits, the other is told at once.
    let refused = others.join_next().await.unwrap().unwrap();
    assert_eq!(refused.status, 503);
    turns.add_permits(2);
    assert_eq!(first.await.unwrap().body, "done");
    assert_eq!(others.join_next().await.unwrap().unwrap().body, "done");
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn no_request_waits_unless_it_may() {
    let origin = origin::http(|_| future::pending::<Response<Full<Bytes>>>()).await;
    let mut narrow = backend("a", &[origin.address]);
    narrow.settings.open_at_most = set(OpenAtMost {
        requests: Some(1),
        ..OpenAtMost::default()
    });
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&only(narrow)));
    let mut held = Raw::connect(at).await;
    held.send("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n").await;
    while origin.connections() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(at, "/").await.status, 503);
}

/// "The PROXY protocol": who the client is, for each connection.
#[tokio::test]
async fn an_endpoint_is_told_who_its_client_is() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    let origin = origin::raw(move |stream| {
        let lines = Arc::clone(&lines);
        async move {
            let mut client = Raw::over(stream);
            let line = client.until("\r\n").await.unwrap();
            lines.lock().unwrap().push(line);
            while client.until("\r\n\r\n").await.is_some() {
                client.send(OK).await;
            }
        }
    })
    .await;
    let mut told = backend("a", &[origin.address]);
    told.settings.proxy_header = set(ProxyHeader::V1);
    let (_proxy, at) = serve(&only(told));
    let mut wanted = Vec::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(at).await.unwrap();
        let from = stream.local_addr().unwrap();
        let mut client = Raw::over(stream);
        for _ in 0..2 {
            assert_eq!(client.get("/").await.status, 200);
            wanted.push(format!("PROXY TCP4 {} ", from.ip()) + "& " + &from.port().to_string());
        }
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), wanted.len(), "a connection for each request");
    for (line, wanted) in seen.iter().zip(wanted) {
        let (start, port) = wanted.split_once("& ").unwrap();
        assert!(
            line.starts_with(start) && line.contains(&format!(" {port} ")),
            "{line}"
        );
    }
}

/// RFC 9110 section 9.3.6: what the endpoint is asked for a tunnel to is spoken within.
#[tokio::test]
async fn an_endpoint_is_asked_for_a_tunnel() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&seen);
    let origin = origin::raw(move |stream| {
        let heads = Arc::clone(&heads);
        async move {
            let mut client = Raw::over(stream);
            let head = client.until("\r\n\r\n").await.unwrap();
            let refused = head.contains("closed.example");
            heads.lock().unwrap().push(head);
            if refused {
                client
                    .send("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                    .await;
                return;
            }
            client.send("HTTP/1.1 200 Connected\r\n\r\n").await;
            while client.until("\r\n\r\n").await.is_some() {
                client.send(OK).await;
            }
        }
    })
    .await;
    for (to, status) in [("web.example:443", 200), ("closed.example:443", 503)] {
        let mut through = backend("a", &[origin.address]);
        through.settings.tunnel = set(TunnelThrough {
            authority: to.into(),
            tls: None,
            headers: vec![(
                HeaderName::new("x-key").unwrap(),
                HeaderValue::new("secret").unwrap(),
            )],
        });
        let (_proxy, at) = serve(&only(through));
        let mut client = Raw::connect(at).await;
        for _ in 0..2 {
            assert_eq!(client.get("/").await.status, status);
        }
    }
    let head = "CONNECT web.example:443 HTTP/1.1\r\nhost: web.example:443\r\nx-key: secret\r\n\r\n";
    assert_eq!(seen.lock().unwrap()[0], head);
}

/// K8sGateway `protocolSelection`: USE_DOWNSTREAM_PROTOCOL.
#[tokio::test]
async fn the_version_of_the_client_is_spoken_where_that_is_said() {
    let origin = origin::http(|request: Request<Incoming>| {
        let version = format!("{:?}", request.version());
        async move { Response::new(Full::<Bytes>::from(version)) }
    })
    .await;
    let mut same = backend("a", &[origin.address]);
    same.protocol = AppProtocol::AsClient;
    let (_proxy, at) = serve(&only(same));
    assert_eq!(get(at, "/").await.body, "HTTP/1.1");
    let mut client = http2(at).await;
    let request = Request::get("http://a.example/")
        .body(Full::default())
        .unwrap();
    let response = client.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "HTTP/2.0");
}

/// Envoy, `max_stream_duration` of a cluster.
#[tokio::test]
async fn an_exchange_that_takes_too_long_is_cut_off() {
    let origin = origin::http(|_| future::pending::<Response<Full<Bytes>>>()).await;
    let mut hasty = backend("a", &[origin.address]);
    hasty.settings.http = set(HttpConnections {
        exchange: Some(Duration::from_millis(20)),
        ..HttpConnections::default()
    });
    let (_proxy, at) = serve(&only(hasty));
    assert_eq!(get(at, "/").await.status, 504);
}

#[tokio::test]
async fn a_response_with_too_many_fields_is_none() {
    let origin = origin::raw(|stream| async move {
        let mut client = Raw::over(stream);
        while client.until("\r\n\r\n").await.is_some() {
            let more = "a: 1\r\nb: 2\r\nc: 3\r\n";
            client
                .send(&OK.replace("\r\ncontent", &format!("\r\n{more}content")))
                .await;
        }
    })
    .await;
    for (fields, status) in [(3, 502), (4, 200)] {
        let mut bounded = backend("a", &[origin.address]);
        bounded.settings.http = set(HttpConnections {
            fields: NonZeroU32::new(fields),
            ..HttpConnections::default()
        });
        let (_proxy, at) = serve(&only(bounded));
        assert_eq!(get(at, "/").await.status, status, "{fields}");
    }
}

/// Envoy, `preconnect_policy`: two connections for one request that is under way, and no third.
#[tokio::test]
async fn connections_are_made_before_requests_need_them() {
    let (told, mut connected) = tokio::sync::mpsc::unbounded_channel();
    let origin = origin::raw(move |mut stream| {
        let told = told.clone();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            told.send(()).unwrap();
            let mut read = [0; 1024];
            while stream.read(&mut read).await.is_ok_and(|read| read > 0) {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let mut ahead = backend("a", &[origin.address]);
    ahead.settings.preconnect = set(Preconnect(NonZeroU32::new(2_000).unwrap()));
    let proxy = builder().workers(1).start().unwrap();
    let at = address(&proxy.apply(&only(ahead)));
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.status, 200);
    for _ in 0..2 {
        connected.recv().await.unwrap();
    }
    for _ in 0..5 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert_eq!(origin.connections(), 2);
}

/// Envoy, `header_key_format.proper_case_words`.
#[tokio::test]
async fn words_of_names_are_capitalised_if_it_is_said() {
    let (told, mut heads) = tokio::sync::mpsc::unbounded_channel();
    let origin = origin::raw(move |mut stream| {
        let told = told.clone();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut read = vec![0; 4096];
            let length = stream.read(&mut read).await.unwrap();
            read.truncate(length);
            told.send(String::from_utf8(read).unwrap()).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut capitalising = backend("a", &[origin.address]);
    capitalising.settings.http = set(HttpConnections {
        capitalised: true,
        ..HttpConnections::default()
    });
    let (_proxy, at) = serve(&only(capitalising));
    let mut client = Raw::connect(at).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a.example\r\nx-user-name: me\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 200);
    let head = heads.recv().await.unwrap();
    assert!(head.contains("\r\nX-User-Name: me\r\n"), "{head}");
    assert!(head.contains("\r\nHost: a.example\r\n"), "{head}");
}

/// Envoy, `close_connections_on_host_set_change`: of the endpoint that stays as well.
#[tokio::test]
async fn connections_end_when_there_are_other_endpoints_if_it_is_said() {
    for (renews, connections) in [(true, 2), (false, 1)] {
        let (stays, goes) = (origin::says("stays").await, origin::says("goes").await);
        let leading_to = |addresses: &[std::net::SocketAddr]| {
            let mut renewing = backend("a", addresses);
            renewing.settings.renews_connections = set(renews);
            only(renewing)
        };
        let proxy = builder().workers(1).start().unwrap();
        let at = address(&proxy.apply(&leading_to(&[stays.address])));
        let mut client = Raw::connect(at).await;
        assert_eq!(client.get("/").await.body, "stays");
        proxy.apply(&leading_to(&[stays.address, goes.address]));
        while client.get("/").await.body != "stays" {}
        assert_eq!(stays.connections(), connections, "{renews}");
    }
}
