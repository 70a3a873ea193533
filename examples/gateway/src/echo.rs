//! The embedded demo backend: answers every request with what it was sent.
//!
//! A Service that asks for it with an annotation, and has no EndpointSlice, gets a server on a
//! loopback address and an EndpointSlice that names it, so that a manifest can be tried with
//! nothing else running. To the rest of the gateway it is a backend like any other.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use gateway_model::ObjectRef;
use http::{HeaderMap, Request, Response, header, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running echo server. It stops accepting when dropped; open connections end with their peers.
#[derive(Debug)]
pub(crate) struct Echo {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Echo {
    /// Starts one for `service` on an ephemeral loopback port, on the current runtime.
    ///
    /// # Errors
    /// The system has no port to give.
    pub(crate) fn start(service: &ObjectRef) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::new(service.clone())));
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<ObjectRef>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, service.clone()))),
            Err(error) => {
                tracing::warn!(%error, %service, "demo echo backend: cannot accept");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn serve(stream: TcpStream, service: Arc<ObjectRef>) {
    let answer = service_fn(|request| answer(request, service.clone()));
    let server = auto::Builder::new(TokioExecutor::new());
    // A connection that ends early is the gateway's to report.
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(
    request: Request<Incoming>,
    service: Arc<ObjectRef>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let received = length(body).await;
    let (media_type, text) = match wants_json(&head.headers) {
        true => ("application/json", as_json(&head, received, &service)),
        false => (
            "text/plain; charset=utf-8",
            as_text(&head, received, &service),
        ),
    };
    let mut response = Response::new(Full::from(text));
    let media_type = header::HeaderValue::from_static(media_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// The bytes of a body, as far as it came.
async fn length(mut body: Incoming) -> u64 {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    length
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("json"))
}

fn as_json(head: &request::Parts, received: u64, service: &ObjectRef) -> String {
    let mut headers = Map::new();
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(name.to_string(), values.collect());
    }
    let answer = json!({
        "service": {"namespace": service.namespace, "name": service.name},
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "version": format!("{:?}", head.version),
        "headers": Value::Object(headers),
        "bodyBytes": received,
    });
    format!("{answer:#}\n")
}

fn as_text(head: &request::Parts, received: u64, service: &ObjectRef) -> String {
    let mut text = format!("{service} (an embedded demo backend) was sent:\n\n");
    text += &format!("{} {} {:?}\n", head.method, head.uri, head.version);
    for (name, value) in &head.headers {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    text + &format!("\n{received} bytes of body\n")
}
