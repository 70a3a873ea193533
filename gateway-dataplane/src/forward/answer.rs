//! Answers that this hop gives itself. They never say more than their status.

use http::{HeaderValue, Response, StatusCode, header};

use super::ConnectionInfo;
use crate::Body;
use crate::backend::{BackendError, BackendErrorKind};

/// `404 Not Found`, and the like.
pub(super) fn status(status: StatusCode) -> Response<Body> {
    let text = format!(
        "{} {}\n",
        status.as_str(),
        status.canonical_reason().unwrap_or("Error")
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response.headers_mut().insert(header::SERVER, SERVER);
    response
}

const SERVER: HeaderValue = HeaderValue::from_static("gateway");

/// The same, after which an HTTP/1 connection closes.
pub(super) fn last(status_code: StatusCode, version: http::Version) -> Response<Body> {
    let mut response = status(status_code);
    close(&mut response, version);
    response
}

/// Closes an HTTP/1 connection after `response`.
pub(super) fn close(response: &mut Response<Body>, version: http::Version) {
    if version < http::Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
}

/// An answer in place of one that did not come.
pub(super) fn failure(error: &BackendError, connection: &ConnectionInfo) -> Response<Body> {
    let client = connection.peer;
    match error.kind() {
        BackendErrorKind::Request => tracing::debug!(%client, %error, "a request broke off"),
        _ => tracing::info!(%client, %error, status = error.status().as_u16(), "no response"),
    }
    status(error.status())
}
