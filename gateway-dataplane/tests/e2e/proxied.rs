//! Connections that say where they come from (the PROXY protocol).

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_dataplane::Proxy;
use gateway_resolve::ir::{
    AddedHeader, Format, HeaderChanges, KeptTlv, ListenerSettings, ProxyProtocol, RequestHeads,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::client::Raw;
use crate::support::origin::{self, Origin};
use crate::support::{
    backend, certificate, ir_with, listener, over_tls, rule, serve, set, share, tcp, tls, to, to_id,
};

/// Answers with what it is told of the client.
async fn telling() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let header = |name| {
            request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let told = ["x-forwarded-for", "x-tlv"].map(header);
        Response::new(Full::from(told.map(Option::unwrap_or_default).join(" ")))
    })
    .await
}

fn settings() -> Arc<ListenerSettings> {
    let mut settings = ListenerSettings::default();
    settings.proxy_protocol = set(ProxyProtocol {
        kept: vec![KeptTlv {
            kind: 0xea,
            namespace: "a".into(),
            key: "b".into(),
        }],
    });
    settings.request_heads = set(RequestHeads {
        changes: HeaderChanges {
            add: vec![AddedHeader {
                name: gateway_model::HeaderName::new("x-tlv").unwrap(),
                value: Format::new("%DYNAMIC_METADATA(a:b)%").unwrap(),
                append: false,
            }],
            remove: Vec::new(),
        },
        ..RequestHeads::default()
    });
    Arc::new(settings)
}

async fn serving(over: Over) -> (Proxy, SocketAddr, Origin) {
    let origin = telling().await;
    let mut listener = listener("a", vec![("/", rule(vec![to("a")]))]);
    listener.settings = settings();
    let certificate = certificate("a", &["a.example"]);
    let listener = match over {
        Over::Clear => listener,
        Over::Tls => over_tls(listener, &[&certificate]),
        Over::Tcp => tcp(listener, vec![share(1, to_id("a"))]),
    };
    let backends = vec![backend("a", &[origin.address])];
    let (proxy, at) = serve(&ir_with(vec![listener], backends, vec![certificate]));
    (proxy, at, origin)
}

enum Over {
    Clear,
    Tls,
    Tcp,
}

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\n";

fn binary(command: u8) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, 0x11, 0, 18]);
    header.extend([
        192, 0, 2, 9, 192, 0, 2, 8, 4, 210, 0, 80, 0xea, 0, 3, b'v', b'p', b'c',
    ]);
    header
}

/// What the origin is told of a client who sends this before its request.
async fn told(at: SocketAddr, header: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    stream.write_all(&[header, request].concat()).await.unwrap();
    Some(Raw::over(stream).try_answer().await?.body)
}

#[tokio::test]
async fn a_client_is_who_the_header_says() {
    let (_proxy, at, _origin) = serving(Over::Clear).await;
    assert_eq!(told(at, LINE).await.as_deref(), Some("192.0.2.7 "));
    assert_eq!(
        told(at, &binary(0x21)).await.as_deref(),
        Some("192.0.2.9 vpc")
    );
    assert_eq!(told(at, &binary(0x20)).await.as_deref(), Some("127.0.0.1 "));
    assert_eq!(
        told(at, b"PROXY UNKNOWN\r\n").await.as_deref(),
        Some("127.0.0.1 ")
    );
}

/// K8sGateway, `proxyProtocol`: once it is on, the header is required.
#[tokio::test]
async fn a_connection_without_a_header_is_closed() {
    let (_proxy, at, _origin) = serving(Over::Clear).await;
    for header in [
        &b""[..],
        b"PROXY TCP4 nobody 192.0.2.8 1234 80\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80 and more, and more, and more, and more, and more, and more, and more\r\n",
    ] {
        assert_eq!(told(at, header).await, None, "{}", String::from_utf8_lossy(header));
    }
}

#[tokio::test]
async fn a_header_may_come_in_pieces() {
    let (_proxy, at, _origin) = serving(Over::Clear).await;
    for header in [LINE.to_vec(), binary(0x21)] {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in &header {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let answer = Raw::over(stream).get("/").await;
        assert!(answer.body.starts_with("192.0.2."), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_header_comes_before_tls() {
    let (_proxy, at, _origin) = serving(Over::Tls).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(LINE).await.unwrap();
    let config = tls::client(&[], rustls::ALL_VERSIONS);
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = rustls::pki_types::ServerName::try_from("a.example").unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    assert_eq!(Raw::over(stream).get("/").await.body, "192.0.2.7 ");
}

/// What is passed on has lost its header.
#[tokio::test]
async fn the_header_is_not_passed_on() {
    let (_proxy, at, _origin) = serving(Over::Tcp).await;
    assert_eq!(told(at, LINE).await.as_deref(), Some(" "));
}
