//! `/healthz`, `/readyz` and `/metrics`, for probes and scrapers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Error;
use crate::metrics::{Metrics, Page};

/// Is the first table served?
pub(crate) type Ready = Arc<AtomicBool>;

/// How long a probe may take to ask.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last, however slowly it reads.
const LONGEST: Duration = Duration::from_secs(60);
/// Connections at once; the others wait in the kernel's queue.
const CONNECTIONS: usize = 64;

/// What is told.
struct Told {
    ready: Ready,
    page: Page,
}

/// Answers probes and scrapers on `address` from now on.
pub(crate) async fn start(
    address: SocketAddr,
    ready: &Ready,
    metrics: &Arc<Metrics>,
) -> Result<(), Error> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Error::new(format!("--health {address}: {error}")))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "/healthz, /readyz and /metrics are answered");
    }
    let told = Arc::new(Told {
        ready: Arc::clone(ready),
        page: Page::of(metrics),
    });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&told), place))),
                // Too many open files, most likely: let some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(())
}

async fn serve(stream: TcpStream, told: Arc<Told>, _place: OwnedSemaphorePermit) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = match request.uri().path() {
            "/metrics" => metrics(&told.page),
            path => answer(path, told.ready.load(Ordering::Relaxed)),
        };
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(LONGEST, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a probe broke off"),
        Err(_elapsed) => tracing::debug!("a probe took too long"),
    }
}

fn metrics(page: &Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(page.render()));
    let type_ = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, type_);
    response
}

fn answer(path: &str, ready: bool) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/healthz" => (StatusCode::OK, "ok\n"),
        "/readyz" if ready => (StatusCode::OK, "ok\n"),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "nothing is served yet\n"),
        _ => (StatusCode::NOT_FOUND, "try /healthz, /readyz or /metrics\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn a_gateway_is_alive_before_it_is_ready() {
        let rows = [
            ("/healthz", false, 200),
            ("/readyz", false, 503),
            ("/readyz", true, 200),
            ("/other", true, 404),
        ];
        for (path, ready, status) in rows {
            assert_eq!(answer(path, ready).status(), status, "{path} {ready}");
        }
    }
}
