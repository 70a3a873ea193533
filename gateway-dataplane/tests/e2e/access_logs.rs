//! Logs that a listener asks for (K8sGateway, `accessLoggingService`).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_resolve::ir::{
    AccessLog, Backend, Comparison, FileLog, Format, HeaderValueMatch, HealthAnswer,
    ListenerSettings, LogFilter, LogFormat, LogSink, LogValue, TextMatch, TextMatchKind,
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};

use crate::support::client::{Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{backend, h2c, ir, listener, rule, serve, set, share, tcp, to, to_id};

/// Answers with the body that it gets, a header, and trailers.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "5".parse().unwrap());
        let frames = [Frame::data(body), Frame::trailers(trailers)];
        let frames = frames.map(Ok::<_, std::io::Error>);
        let body = StreamBody::new(futures_util::stream::iter(frames));
        Response::builder()
            .header("x-of-origin", "1")
            .body(body)
            .unwrap()
    })
    .await
}

fn text(path: &Path, format: &str) -> AccessLog {
    written(path, LogFormat::Text(Format::new(format).unwrap()))
}

fn written(path: &Path, format: LogFormat) -> AccessLog {
    let path = path.to_str().unwrap().into();
    AccessLog {
        sink: LogSink::File(FileLog { path, format }),
        filter: None,
    }
}

struct Rig {
    proxy: Proxy,
    at: SocketAddr,
    origin: Origin,
}

async fn serving(logs: Vec<AccessLog>) -> Rig {
    serving_by(logs, |backend| backend).await
}

async fn serving_by(logs: Vec<AccessLog>, speaking: impl Fn(Backend) -> Backend) -> Rig {
    let origin = echo().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.access_logs = set(logs);
    settings.health_answer = set(HealthAnswer {
        target: "/healthz".into(),
    });
    listener.settings = Arc::new(settings);
    let backends = vec![speaking(backend("a", &[origin.address]))];
    let (proxy, at) = serve(&ir(vec![listener], backends));
    Rig { proxy, at, origin }
}

impl Rig {
    /// What is in the file when all is over.
    async fn written(self, path: &Path) -> String {
        let Self { proxy, origin, .. } = self;
        drop(origin);
        let limit = Duration::from_secs(10);
        tokio::task::spawn_blocking(move || proxy.drain(limit))
            .await
            .unwrap();
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

async fn post(at: SocketAddr, path: &str, body: &str) -> u16 {
    let mut client = Raw::connect(at).await;
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: a.example\r\nx-user: me\r\nconnection: close\r\n");
    client
        .send(&format!("{head}content-length: {length}\r\n\r\n{body}"))
        .await;
    let answer = client.answer().await;
    client.rest().await;
    answer.status
}

#[tokio::test]
async fn a_line_says_what_became_of_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let format = concat!(
        "%REQ(:METHOD)% %REQ(:path)% %REQ_WITHOUT_QUERY(:path)% %REQ(x-none?x-user)% %REQ(x-user):1% ",
        "%PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% ",
        "%RESP(x-of-origin)% %RESP(x-none)% %ROUTE_NAME% %UPSTREAM_CLUSTER% %REQ(:authority)%\n",
    );
    let rig = serving(vec![text(&path, format)]).await;
    assert_eq!(post(rig.at, "/a?b", "four").await, 200);
    let written = rig.written(&path).await;
    let want = "POST /a?b /a me m HTTP/1.1 200 via_upstream - 4 4 1 - HTTPRoute default/route rule 0 \
                Service default/a:80 a.example\n";
    assert_eq!(written, want);
}

#[tokio::test]
async fn durations_addresses_and_times_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let format = concat!(
        "%START_TIME(%Y)% %DURATION% %RESPONSE_DURATION% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% ",
        "%UPSTREAM_HOST% %START_TIME%\n"
    );
    let rig = serving(vec![text(&path, format)]).await;
    let origin = rig.origin.address;
    assert_eq!(post(rig.at, "/", "").await, 200);
    let written = rig.written(&path).await;
    let parts: Vec<_> = written.trim_end().split(' ').collect();
    assert!(
        parts[0].parse::<u32>().is_ok_and(|year| year > 2000),
        "{written}"
    );
    assert!(
        parts[1].parse::<u64>().is_ok() && parts[2].parse::<u64>().is_ok(),
        "{written}"
    );
    assert_eq!((parts[3], parts[4]), ("127.0.0.1", &*origin.to_string()));
    assert!(parts[5].ends_with('Z'), "{written}");
}

/// Over HTTP/2, trailers are known as well.
#[tokio::test]
async fn json_keeps_the_types_of_single_operators() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let value = |text: &str| LogValue::Text(Format::new(text).unwrap());
    let fields = [
        ("status", value("%RESPONSE_CODE%")),
        ("user", value("%REQ(x-user)%")),
        ("none", value("%REQ(x-none)%")),
        ("both", value("%PROTOCOL% \"%REQ(x-none)%\"")),
        ("grpc", value("%GRPC_STATUS%")),
        ("trailer", value("%TRAILER(grpc-status)%")),
        (
            "list",
            LogValue::List(vec![LogValue::Literal("true".into()), value("x")]),
        ),
    ];
    let fields = fields.map(|(name, value)| (name.into(), value));
    let value = LogValue::Object(fields.into_iter().collect());
    let log = written(&path, LogFormat::Json(value));
    let rig = serving_by(vec![log], h2c).await;
    let request = Request::post("http://a.example/").header("x-user", "\"me\"");
    let request = request.body(Full::<Bytes>::from("x")).unwrap();
    let mut client = http2(rig.at).await;
    let answer = client.send_request(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    drop(client);
    let written = rig.written(&path).await;
    let want = r#"{"both":"HTTP/2 \"-\"","grpc":"NotFound","list":[true,"x"],"none":null,"status":200,"trailer":"5","user":"\"me\""}"#;
    assert_eq!(written, format!("{want}\n"));
}

#[tokio::test]
async fn filters_say_what_is_written() {
    let text_match = |kind| {
        let ignores_case = false;
        Some(HeaderValueMatch::Text(TextMatch { kind, ignores_case }))
    };
    let header = |value, inverted| LogFilter::Header {
        name: gateway_model::HeaderName::new("x-user").unwrap(),
        value,
        inverted,
    };
    let prefix = |prefix: &str| text_match(TextMatchKind::Prefix(prefix.into()));
    let rows = [
        (LogFilter::Status(Comparison::AtLeast(400)), vec![400]),
        (LogFilter::Status(Comparison::Is(200)), vec![200, 200]),
        (LogFilter::Duration(Comparison::AtLeast(60_000)), vec![]),
        (LogFilter::NotHealthCheck, vec![200, 400]),
        (LogFilter::Traced, vec![]),
        (header(None, false), vec![200]),
        (header(prefix("m"), false), vec![200]),
        (header(prefix("n"), true), vec![200, 200, 400]),
        (LogFilter::Flags(vec![]), vec![400]),
        (LogFilter::Flags(vec!["UF".into()]), vec![]),
        (
            LogFilter::Any(vec![
                LogFilter::Flags(vec!["DPE".into()]),
                LogFilter::All(vec![LogFilter::NotHealthCheck, header(None, false)]),
            ]),
            vec![200, 400],
        ),
    ];
    for (filter, want) in rows {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let shown = format!("{filter:?}");
        let log = AccessLog {
            filter: Some(filter),
            ..text(&path, "%RESPONSE_CODE%\n")
        };
        let rig = serving(vec![log]).await;
        assert_eq!(post(rig.at, "/", "").await, 200);
        assert_eq!(Raw::connect(rig.at).await.get("/healthz").await.status, 200);
        let mut bad = Raw::connect(rig.at).await;
        bad.send("GET / HTTP/1.1\r\nhost: a b\r\n\r\n").await;
        assert_eq!(bad.answer().await.status, 400);
        let written = rig.written(&path).await;
        let mut statuses: Vec<u16> = written.lines().map(|line| line.parse().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, want, "{shown}");
    }
}

/// ListenerOptions are for all listeners.
#[tokio::test]
async fn connections_that_are_passed_on_are_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let origin = origin::says("a").await;
    let mut listener = tcp(listener("tcp", Vec::new()), vec![share(1, to_id("a"))]);
    let mut settings = ListenerSettings::default();
    let format = "%BYTES_RECEIVED% %RESPONSE_FLAGS% %PROTOCOL% %UPSTREAM_CLUSTER%\n";
    settings.access_logs = set(vec![text(&path, format)]);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let mut client = Raw::connect(at).await;
    let head = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    client.send(head).await;
    assert_eq!(client.answer().await.body, "a");
    client.rest().await;
    drop(client);
    let rig = Rig { proxy, at, origin };
    let written = rig.written(&path).await;
    assert_eq!(
        written,
        format!("{} - - Service default/a:80\n", head.len())
    );
}

/// K8sGateway, `listenerAccessLoggingService`: a line a connection, however many requests it had.
#[tokio::test]
async fn connections_are_written_down_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let origin = echo().await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    let format = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %PROTOCOL% %BYTES_SENT%\n";
    settings.connection_logs = set(vec![text(&path, format)]);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    let mut client = Raw::connect(at).await;
    for _ in 0..2 {
        assert_eq!(client.get("/").await.status, 200);
    }
    drop(client);
    let rig = Rig { proxy, at, origin };
    assert_eq!(rig.written(&path).await, "127.0.0.1 - -\n");
}
