//! Asking by a request.

use std::sync::Arc;

use gateway_resolve::ir::HttpProbe;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode, Version};

use super::probe::Found;
use crate::Body;
use crate::backend::upstream::connect::Connect;
use crate::backend::upstream::endpoint::Endpoint;
use crate::backend::upstream::http2::{Http2, SendError};
use crate::backend::upstream::settings::Settings;
use crate::backend::upstream::tls::{Inside, Secured};
use crate::backend::upstream::way::Way;
use crate::codec::h1::{self, Connection, Home, Lease, Stream};
use crate::head::RequestHead;

/// The name of the service that answers, as Envoy has it.
const SERVICE: &str = "x-envoy-upstream-healthchecked-cluster";

pub(super) async fn ask<C: Connect>(
    asked: &HttpProbe,
    way: &Way<C>,
    endpoint: &Endpoint,
    settings: &Settings,
) -> Result<Found, String> {
    let request = request(asked)?;
    let (status, fields) = match asked.http2 {
        true => {
            let request = request.map(|()| Body::empty());
            let response = over_http2(request, way, endpoint, settings).await?;
            (response.status(), response.headers().clone())
        }
        false => over_http1(request, way, endpoint, settings).await?,
    };
    Ok(judged(asked, status, &fields))
}

fn judged(asked: &HttpProbe, status: StatusCode, fields: &HeaderMap) -> Found {
    let status = status.as_u16();
    if !asked
        .expected
        .iter()
        .any(|(start, end)| (*start..*end).contains(&status))
    {
        return Found::Down(format!("it answers {status}"));
    }
    let named = fields
        .get(SERVICE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    match &asked.service {
        Some(service) if !named.starts_with(service.as_bytes()) => {
            Found::Down("it is another service".to_owned())
        }
        _ => Found::Well,
    }
}

fn request(asked: &HttpProbe) -> Result<Request<()>, String> {
    let mut request = Request::new(());
    request.method_mut().clone_from(asked.method.as_http());
    *request.uri_mut() = asked
        .path
        .parse()
        .map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let headers = request.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
    headers.insert(header::HOST, value(&asked.host)?);
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static("gateway-health-check"),
    );
    for (name, text) in &asked.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        headers.append(
            name.map_err(|error| error.to_string())?,
            value(text.as_str())?,
        );
    }
    Ok(request)
}

/// Nobody takes the connection for another exchange.
struct Nowhere;

impl Home for Nowhere {
    fn keep(self: Arc<Self>, connection: Box<Connection>) {
        drop(connection);
    }

    fn ended(&self) {}
}

async fn over_http1<C: Connect>(
    request: Request<()>,
    way: &Way<C>,
    endpoint: &Endpoint,
    settings: &Settings,
) -> Result<(StatusCode, HeaderMap), String> {
    let stream = way.reach(endpoint, Inside::Http1, None).await;
    let stream = match stream.map_err(|error| error.to_string())? {
        Secured::Clear(stream) => Stream::new(stream),
        Secured::Tls(stream) => Stream::new(stream),
        Secured::Tunnel(stream) => Stream::new(stream),
    };
    let lease = Lease::new(Connection::new(stream, ()), Arc::new(Nowhere));
    let (parts, ()) = request.into_parts();
    let mut head = RequestHead::from(&parts);
    let sent = h1::send(lease, &mut head, Body::empty(), settings.allowed, None).await;
    let (head, _body) = sent.map_err(|_failed| "it does not answer".to_owned())?;
    let parts = head.to_parts();
    Ok((parts.status, parts.headers))
}

/// Sends a request on a connection of its own, which ends with the response.
pub(super) async fn over_http2<C: Connect>(
    mut request: Request<Body>,
    way: &Way<C>,
    endpoint: &Endpoint,
    settings: &Settings,
) -> Result<http::Response<Body>, String> {
    *request.version_mut() = Version::HTTP_2;
    let stream = way.reach(endpoint, Inside::Http2, None).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let http2 = Http2::start(stream, settings.http2, ()).await;
    let http2 = http2.map_err(|error| error.to_string())?;
    let reserved = http2.reserve().ok_or("it takes no request")?;
    let sent = reserved.send(request, (), None).await;
    http2.close();
    sent.map_err(|error| match error {
        SendError::Unprocessed(_, error)
        | SendError::Unanswered(_, error)
        | SendError::Failed(error) => error.to_string(),
    })
}
