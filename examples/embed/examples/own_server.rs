//! The proxy inside an existing hyper server: `/health` is the application's, the rest is routed.

use std::net::Ipv4Addr;
use std::sync::Arc;

use gateway_dataplane::backend::upstream::Upstreams;
use gateway_dataplane::forward::headers::Forwarding;
use gateway_dataplane::table::SocketKey;
use gateway_dataplane::{Body, ConnectionInfo, Forwarder, Limits};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn answer(
    request: Request<Incoming>,
    forwarder: Arc<Forwarder<Upstreams>>,
    connection: Arc<ConnectionInfo>,
) -> Result<Response<Body>, Error> {
    match request.uri().path() {
        "/health" => Ok(Response::new(Body::empty())),
        _ => Ok(forwarder.handle(request.map(Body::from), &connection).await),
    }
}

async fn serve(stream: TcpStream, forwarder: Arc<Forwarder<Upstreams>>) -> Result<(), Error> {
    let socket = SocketKey::tcp(None, 80);
    let connection = Arc::new(ConnectionInfo::new(stream.peer_addr()?, socket));
    let service = service_fn(|request| answer(request, forwarder.clone(), connection.clone()));
    let server = hyper::server::conn::http1::Builder::new();
    let connection = server.serve_connection(TokioIo::new(stream), service);
    Ok(connection.with_upgrades().await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (limits, forwarding) = (Limits::default(), Forwarding::default());
    let forwarder = Arc::new(Forwarder::new(Upstreams::new(), limits, forwarding));
    // The server is its own backend: whoever asks for /shop/health gets /health.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    forwarder.apply(&embed::ir(&["127.0.0.1"], address.port()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, forwarder.clone()));
        }
    });
    for (path, status) in [
        ("/health", "200"),
        ("/shop/health", "200"),
        ("/other", "404"),
    ] {
        let mut client = TcpStream::connect(address).await?;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: shop.example.com\r\nconnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        println!("{path}: {}", answer.lines().next().unwrap_or_default());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    Ok(())
}
