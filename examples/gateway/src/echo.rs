//! The embedded demo backend: answers every request with what it was sent.
//!
//! A Service that asks for it with an annotation, and has no EndpointSlice, gets a server on a
//! loopback address and an EndpointSlice that names it, so that a manifest can be tried with
//! nothing else running. To the rest of the gateway it is a backend like any other.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use gateway_model::{
    EndpointAddressType, EndpointConditions, EndpointSlice, Kind, ObjectMeta, ObjectRef, Port,
    Resource, Service, SliceEndpoint, SlicePort,
};
use gateway_resolve::Snapshot;
use http::{HeaderMap, Request, Response, header, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The annotation of Services that ask for a demo backend, and its value.
const ANNOTATION: (&str, &str) = ("gateway.example.dev/backend", "echo");

/// Does `service` get an embedded backend, among these slices?
pub(crate) fn is_wanted<'a>(
    service: &Service,
    slices: impl IntoIterator<Item = &'a EndpointSlice>,
) -> bool {
    let Service { metadata, .. } = service;
    let asked = metadata
        .annotations
        .get(ANNOTATION.0)
        .is_some_and(|v| v == ANNOTATION.1);
    let its_own = |slice: &EndpointSlice| {
        slice.metadata.namespace == metadata.namespace
            && slice.service() == Some(metadata.name.as_str())
    };
    asked && !slices.into_iter().any(its_own)
}

/// Is `object` a Service that an embedded backend answers for?
pub(crate) fn answers(snapshot: &Snapshot, object: &ObjectRef) -> bool {
    let service = snapshot.services().get(&object.namespace, &object.name);
    let slices = snapshot.endpoint_slices().iter().map(|slice| &**slice);
    object.kind == Service::KIND && service.is_some_and(|service| is_wanted(service, slices))
}

/// The echo servers of this process, by Service.
#[derive(Debug, Default)]
pub(crate) struct Echoes(BTreeMap<ObjectRef, Echo>);

impl Echoes {
    /// Adds an EndpointSlice for each Service that wants an embedded backend, and starts those
    /// that do not run yet, on the current runtime.
    pub(crate) fn attach(&mut self, resources: &mut Vec<Resource>) {
        let wanted = wanted(resources);
        for service in wanted {
            let reference = service.reference();
            match self.start(&reference) {
                Ok(address) => resources.push(slice(&service, address)),
                Err(error) => {
                    tracing::error!(%error, service = %reference, "cannot start a demo echo backend");
                }
            }
        }
    }

    /// Stops the servers whose slices are not in `snapshot`.
    pub(crate) fn retain(&mut self, snapshot: &Snapshot) {
        let slices = snapshot.endpoint_slices();
        self.0.retain(|service, _| {
            slices
                .get(&service.namespace, &slice_name(&service.name))
                .is_some()
        });
    }

    /// The Services with an embedded backend, and where it listens.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ObjectRef, SocketAddr)> {
        self.0.iter().map(|(service, echo)| (service, echo.address))
    }

    fn start(&mut self, service: &ObjectRef) -> io::Result<SocketAddr> {
        if let Some(running) = self.0.get(service) {
            return Ok(running.address);
        }
        let echo = Echo::start(service)?;
        let address = echo.address;
        tracing::info!(%service, %address, "embedded demo echo backend started");
        self.0.insert(service.clone(), echo);
        Ok(address)
    }
}

fn wanted(resources: &[Resource]) -> Vec<Arc<Service>> {
    let slices = || {
        resources.iter().filter_map(|resource| match resource {
            Resource::EndpointSlice(slice) => Some(&**slice),
            _ => None,
        })
    };
    let services = resources.iter().filter_map(|resource| match resource {
        Resource::Service(service) if is_wanted(service, slices()) => Some(service.clone()),
        _ => None,
    });
    services.collect()
}

/// The name of the slice of a Service with an embedded backend.
fn slice_name(service: &str) -> String {
    format!("{service}-embedded-echo")
}

/// The slice that sends all ports of `service` to `address`.
fn slice(service: &Service, address: SocketAddr) -> Resource {
    let ObjectMeta {
        name, namespace, ..
    } = &service.metadata;
    let label = (EndpointSlice::SERVICE_LABEL.to_owned(), name.clone());
    let ports = service.spec.ports.iter().map(|port| SlicePort {
        name: Some(port.name.clone()),
        port: Port::new(address.port().into()).ok(),
        protocol: port.protocol,
        app_protocol: port.app_protocol.clone(),
    });
    Resource::EndpointSlice(Arc::new(EndpointSlice {
        metadata: ObjectMeta {
            name: slice_name(name),
            namespace: namespace.clone(),
            labels: BTreeMap::from([label]),
            ..ObjectMeta::default()
        },
        address_type: EndpointAddressType::IPv4,
        endpoints: vec![SliceEndpoint {
            addresses: vec![address.ip().to_string()],
            conditions: EndpointConditions::default(),
        }],
        ports: ports.collect(),
    }))
}

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

#[cfg(test)]
mod tests;
