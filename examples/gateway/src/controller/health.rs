//! `/healthz` and `/readyz`, for probes.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// Is the first table served?
pub(crate) type Ready = Arc<AtomicBool>;

/// How long a probe may take to ask.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers probes on `address` from now on.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn start(address: SocketAddr, ready: Ready) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&ready)))),
                // Too many open files, most likely: let some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(())
}

async fn serve(stream: tokio::net::TcpStream, ready: Ready) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = answer(request.uri().path(), ready.load(Ordering::Relaxed));
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a probe broke off");
    }
}

fn answer(path: &str, ready: bool) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/healthz" => (StatusCode::OK, "ok\n"),
        "/readyz" if ready => (StatusCode::OK, "ok\n"),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "nothing is served yet\n"),
        _ => (StatusCode::NOT_FOUND, "try /healthz or /readyz\n"),
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
