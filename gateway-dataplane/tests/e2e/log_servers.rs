//! Servers that are told what became of requests (Envoy, `envoy.service.accesslog.v3`; OpenTelemetry, OTLP/gRPC).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::{Limits, Proxy};
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{
    AccessLog, Comparison, Format, ListenerSettings, LogEntries, LogFilter, LogSink, LogValue,
    LoggedFields, LoggedRecord, ServerLog, Target,
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::proto::{find, only};
use crate::support::{address, backend, h2c, id, ir, limited, listener, rule, set, to};

/// A call: its path, its headers, its message.
type Call = (String, HeaderMap, Bytes);

/// A server that tells what it is called with.
async fn collector() -> (Origin, UnboundedReceiver<Call>) {
    let (sender, got) = unbounded_channel();
    let origin = origin::http(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
            assert_eq!((body[0], length as usize), (0, body.len() - 5));
            let path = head.uri.path().to_owned();
            // A test may be over.
            let _over = sender.send((path, head.headers, body.slice(5..)));
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let frames = [Ok::<_, std::io::Error>(Frame::trailers(trailers))];
            let body = StreamBody::new(futures_util::stream::iter(frames));
            let body = Response::builder()
                .header("content-type", "application/grpc")
                .body(body);
            body.unwrap()
        }
    })
    .await;
    (origin, got)
}

fn told(entries: LogEntries) -> AccessLog {
    AccessLog {
        sink: LogSink::Server(ServerLog {
            server: Target::Backend(id("logs")),
            authority: None,
            headers: Vec::new(),
            timeout: None,
            name: "requests".into(),
            entries,
        }),
        filter: None,
    }
}

/// By Envoy's access log service.
fn by_envoy() -> AccessLog {
    let names = |name| vec![HeaderName::new(name).unwrap()];
    told(LogEntries::Envoy(LoggedFields {
        request: names("X-User"),
        response: names("x-of-origin"),
        trailers: names("x-last"),
    }))
}

/// A proxy whose listener has this log, in front of a server that echoes.
struct Rig {
    proxy: Proxy,
    at: SocketAddr,
    _origin: Origin,
}

async fn serving(log: AccessLog, logs: SocketAddr, change: impl FnOnce(&mut Limits)) -> Rig {
    let origin = origin::http(|request: Request<Incoming>| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-last", "bye".parse().unwrap());
        let frames = [Frame::data(body), Frame::trailers(trailers)];
        let frames = frames.map(Ok::<_, std::io::Error>);
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let response = Response::builder().header("x-of-origin", "1");
        response.body(body).unwrap()
    })
    .await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.access_logs = set(vec![log]);
    listener.settings = Arc::new(settings);
    let backends = vec![
        h2c(backend("a", &[origin.address])),
        h2c(backend("logs", &[logs])),
    ];
    let proxy = limited(change);
    let at = address(&proxy.apply(&ir(vec![listener], backends)));
    Rig {
        proxy,
        at,
        _origin: origin,
    }
}

fn soon(limits: &mut Limits) {
    limits.log_gathering = Duration::from_millis(10);
}

async fn post(at: SocketAddr, path: &str) -> u16 {
    let mut client = Raw::connect(at).await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\nx-user: me\r\n");
    client
        .send(&format!(
            "{head}user-agent: test\r\ncontent-length: 4\r\n\r\nfour"
        ))
        .await;
    client.answer().await.status
}

async fn post_http2(at: SocketAddr, path: &str) -> u16 {
    let request = Request::post(format!("http://a.example{path}")).header("x-user", "me");
    let request = request.header("user-agent", "test");
    let request = request.body(Full::<Bytes>::from("four")).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

/// The number in the field of that tag.
fn number(message: &[u8], tag: u8) -> Option<u64> {
    let mut rest = message;
    while let [key, after @ ..] = rest {
        let (mut value, mut at) = (0, 0);
        loop {
            value |= u64::from(after[at] & 0x7f) << (7 * at);
            at += 1;
            if after[at - 1] < 0x80 {
                break;
            }
        }
        rest = match key & 7 {
            0 => &after[at..],
            2 => &after[at + value as usize..],
            other => panic!("wire type {other}"),
        };
        if *key == tag << 3 {
            return Some(value);
        }
    }
    None
}

/// `HTTPAccessLogEntry`, by the numbers of its fields.
fn assert_told(entry: &[u8], version: u64, at: SocketAddr) {
    assert_eq!(number(entry, 2), Some(version), "protocol_version");
    let (common, request, response) = (only(entry, &[1]), only(entry, &[3]), only(entry, &[4]));
    assert_eq!(
        only(common, &[2, 1, 2]),
        b"127.0.0.1",
        "downstream_remote_address"
    );
    assert!(
        number(only(common, &[5]), 1).unwrap() > 1_600_000_000,
        "start_time"
    );
    let upstream = only(common, &[13, 1]);
    assert_eq!(
        only(upstream, &[2]),
        b"127.0.0.1",
        "upstream_remote_address"
    );
    assert_ne!(number(upstream, 3), Some(at.port().into()));
    assert_eq!(
        only(common, &[15]),
        b"Service default/a:80",
        "upstream_cluster"
    );
    assert_eq!(
        only(common, &[19]),
        b"HTTPRoute default/route rule 0",
        "route_name"
    );
    assert_eq!(find(common, 16).len(), 0, "response_flags");
    assert_eq!(number(request, 1), Some(3), "POST");
    for (tag, want) in [(2, "http"), (3, "a.example"), (5, "/a?b"), (6, "test")] {
        assert_eq!(only(request, &[tag]), want.as_bytes(), "{tag}");
    }
    assert_eq!(number(request, 12), Some(4), "request_body_bytes");
    let pair = |message, tag| {
        (
            only(message, &[tag, 1]).to_vec(),
            only(message, &[tag, 2]).to_vec(),
        )
    };
    assert_eq!(pair(request, 13), (b"x-user".to_vec(), b"me".to_vec()));
    assert_eq!(number(only(response, &[1]), 1), Some(200), "response_code");
    assert_eq!(number(response, 3), Some(4), "response_body_bytes");
    assert_eq!(pair(response, 4), (b"x-of-origin".to_vec(), b"1".to_vec()));
    assert_eq!(
        only(response, &[6]),
        b"via_upstream",
        "response_code_details"
    );
}

#[tokio::test]
async fn a_server_of_envoys_is_told_what_became_of_a_request() {
    let (logs, mut got) = collector().await;
    let rig = serving(by_envoy(), logs.address, soon).await;
    for version in [2, 3] {
        let status = match version {
            2 => post(rig.at, "/a?b").await,
            _ => post_http2(rig.at, "/a?b").await,
        };
        assert_eq!(status, 200);
        let (path, headers, message) = got.recv().await.unwrap();
        let method = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
        assert_eq!(
            (&*path, &headers["content-type"]),
            (method, &"application/grpc".parse().unwrap())
        );
        assert_eq!(only(&message, &[1, 2]), b"requests", "identifier.log_name");
        assert!(!only(&message, &[1, 1, 1]).is_empty(), "identifier.node.id");
        let entries = find(only(&message, &[2]), 1);
        assert_eq!(entries.len(), 1);
        assert_told(entries[0], version, rig.at);
        if version == 3 {
            let trailer = only(entries[0], &[4, 5]);
            assert_eq!(
                (only(trailer, &[1]), only(trailer, &[2])),
                (&b"x-last"[..], &b"bye"[..])
            );
        }
    }
    assert_eq!(rig.proxy.forwarder().log_entries_lost(), 0);
}

#[tokio::test]
async fn what_went_wrong_is_told_by_flags_and_filters_hold() {
    let (logs, mut got) = collector().await;
    let log = AccessLog {
        filter: Some(LogFilter::Status(Comparison::AtLeast(400))),
        ..by_envoy()
    };
    let rig = serving(log, logs.address, soon).await;
    assert_eq!(post(rig.at, "/").await, 200);
    let mut client = Raw::connect(rig.at).await;
    client.send("GET / HTTP/1.1\r\nhost: a b\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
    let (_, _, message) = got.recv().await.unwrap();
    let entries = find(only(&message, &[2]), 1);
    assert_eq!(entries.len(), 1);
    let flags = only(entries[0], &[1, 16]);
    assert_eq!(number(flags, 19), Some(1), "downstream_protocol_error");
    assert_eq!(number(only(entries[0], &[4, 1]), 1), Some(400));
}

/// `ExportLogsServiceRequest`, by the numbers of its fields.
#[tokio::test]
async fn a_collector_is_told_records() {
    let (logs, mut got) = collector().await;
    let text = |text: &str| LogValue::Text(Format::new(text).unwrap());
    let mut log = told(LogEntries::OpenTelemetry(LoggedRecord {
        labelled: true,
        body: Some(text("%REQ(:METHOD)% %REQ(x-none)% %RESPONSE_CODE%")),
        attributes: [
            (
                "list".into(),
                LogValue::List(vec![text("a"), text("%PROTOCOL%")]),
            ),
            ("user".into(), text("%REQ(x-user)%")),
        ]
        .into(),
    }));
    if let LogSink::Server(spec) = &mut log.sink {
        spec.authority = Some("logs.example".into());
        let token = HeaderValue::new("secret").unwrap();
        spec.headers = vec![(HeaderName::new("x-token").unwrap(), token)];
    }
    let rig = serving(log, logs.address, soon).await;
    for protocol in ["HTTP/1.1", "HTTP/2"] {
        let status = match protocol {
            "HTTP/2" => post_http2(rig.at, "/").await,
            _ => post(rig.at, "/").await,
        };
        assert_eq!(status, 200);
        let (path, headers, message) = got.recv().await.unwrap();
        assert_eq!(
            path,
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        );
        assert_eq!(headers["x-token"], "secret");
        let labels = find(only(&message, &[1, 1]), 1);
        let name = labels.iter().find(|label| only(label, &[1]) == b"log_name");
        assert_eq!(only(name.unwrap(), &[2, 1]), b"requests");
        let records = find(only(&message, &[1, 2]), 2);
        assert_eq!(records.len(), 1);
        let [1 | 9, record @ ..] = records[0] else {
            panic!("a record begins with its time");
        };
        // The time is of eight bytes.
        let record = &record[8..];
        assert_eq!(only(record, &[5, 1]), b"POST - 200");
        let attributes = find(record, 6);
        let keys: Vec<_> = attributes.iter().map(|one| only(one, &[1])).collect();
        assert_eq!(keys, [b"list", b"user"]);
        let list = find(only(attributes[0], &[2, 5]), 1);
        let list: Vec<_> = list.iter().map(|one| only(one, &[1])).collect();
        assert_eq!(list, [b"a", protocol.as_bytes()]);
        assert_eq!(only(attributes[1], &[2, 1]), b"me");
    }
}

#[tokio::test]
async fn entries_are_told_together_and_the_last_ones_before_the_end() {
    let (logs, mut got) = collector().await;
    let hour = Duration::from_secs(3_600);
    let rig = serving(by_envoy(), logs.address, |limits| {
        limits.log_gathering = hour;
    })
    .await;
    let mut client = Raw::connect(rig.at).await;
    for _ in 0..5 {
        assert_eq!(client.get("/").await.status, 200);
    }
    drop(client);
    let Rig { proxy, .. } = rig;
    let limit = Duration::from_secs(10);
    let drained = tokio::task::spawn_blocking(move || {
        proxy.drain(limit);
        proxy.forwarder().log_entries_lost()
    });
    assert_eq!(drained.await.unwrap(), 0);
    let (_, _, message) = got.recv().await.unwrap();
    assert_eq!(find(only(&message, &[2]), 1).len(), 5);
}

/// Requests come first: a server that takes nothing costs entries, never time.
#[tokio::test]
async fn a_server_that_never_answers_holds_nobody_up() {
    let logs = origin::raw(|stream| async move {
        let _kept_open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let rig = serving(by_envoy(), logs.address, |limits| {
        soon(limits);
        limits.log_backlog = 2_000;
        limits.log_delivery = Duration::from_secs(3_600);
    })
    .await;
    let mut client = Raw::connect(rig.at).await;
    for _ in 0..50 {
        assert_eq!(client.get("/").await.status, 200);
    }
    let lost = rig.proxy.forwarder().log_entries_lost();
    assert!((1..50).contains(&lost), "{lost}");
}

#[tokio::test]
async fn a_server_that_is_gone_costs_entries_alone() {
    let (logs, _) = collector().await;
    let gone = logs.address;
    drop(logs);
    let rig = serving(by_envoy(), gone, soon).await;
    assert_eq!(post(rig.at, "/").await, 200);
    while rig.proxy.forwarder().log_entries_lost() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(post_http2(rig.at, "/").await, 200);
}
