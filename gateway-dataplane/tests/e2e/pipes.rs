//! Endpoints at paths: sockets of this machine (K8sGateway, `pipe` of an Upstream; Envoy, `core.v3.Pipe`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gateway_resolve::ir::{Backend, Endpoint, EndpointAddress, Ir};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::UnixListener;

use crate::support::client::{Raw, http2};
use crate::support::{backend, h2c, ir, listener, rule, serve, to};

/// Answers with the version that it is asked by and the body; counts its connections.
fn at_path(path: &Path) -> Arc<AtomicUsize> {
    let (listener, count) = (UnixListener::bind(path).unwrap(), Arc::default());
    let connections: Arc<AtomicUsize> = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let echo = service_fn(|request: Request<Incoming>| async move {
                let version = request.version();
                let body = request.into_body().collect().await?.to_bytes();
                let text = format!("{version:?} {}", String::from_utf8_lossy(&body));
                Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::from(text)))
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                builder.serve_connection(TokioIo::new(stream), echo).await
            });
        }
    });
    count
}

type Version = fn(Backend) -> Backend;

fn leading_to(path: &Path, version: Version) -> Arc<Ir> {
    let address: EndpointAddress = format!("unix:{}", path.display()).parse().unwrap();
    let mut at_path = version(backend("a", &[]));
    at_path.endpoints = vec![Endpoint::at(address)];
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![at_path])
}

#[tokio::test]
async fn requests_reach_a_server_at_a_path_by_either_version() {
    let folder = tempfile::tempdir().unwrap();
    let rows: [(&str, Version); 2] = [("HTTP/1.1", |same| same), ("HTTP/2.0", h2c)];
    for (version, by) in rows {
        let path = folder.path().join(version.replace('/', "-"));
        let connections = at_path(&path);
        let (_proxy, at) = serve(&leading_to(&path, by));
        let mut client = Raw::connect(at).await;
        for _ in 0..3 {
            let head = "POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\nhi";
            client.send(head).await;
            let answer = client.answer().await;
            assert_eq!((answer.status, answer.body), (200, format!("{version} hi")));
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        let request = Request::post("http://a.example/").body(Full::<Bytes>::from("ho"));
        let answer = http2(at)
            .await
            .send_request(request.unwrap())
            .await
            .unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, format!("{version} ho"));
    }
}

#[tokio::test]
async fn a_path_where_nobody_listens_is_an_endpoint_that_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    let (_proxy, at) = serve(&leading_to(&folder.path().join("gone"), |same| same));
    assert_eq!(Raw::connect(at).await.get("/").await.status, 503);
}
