//! What messages need on the connection that they go to or come from.

use std::net::SocketAddr;

use http::header::{self, HeaderValue};
use http::{Method, Request, Response, Version};
use http_body::Body;

use crate::backend::{BackendError, BackendErrorKind};
use crate::head::{Known, RequestHead, settle_framing};

/// As HTTP/1.1, whatever version it came in (RFC 9112 section 2.3), and with `TE` among the options of
/// the connection when it is there (RFC 9110 section 10.1.4).
pub(super) fn for_http1<B: Body>(request: &mut Request<B>, endpoint: SocketAddr) {
    name_host(request, endpoint);
    *request.version_mut() = Version::HTTP_11;
    name_coding(request);
    let headers = request.headers_mut();
    if headers.contains_key(header::TE) {
        let named = |value: &HeaderValue| value.as_bytes() == b"te";
        if !headers.get_all(header::CONNECTION).iter().any(named) {
            headers.append(header::CONNECTION, HeaderValue::from_static("te"));
        }
    }
}

/// The same for a head of our own; its version is not looked at when it is written.
pub(super) fn head_for_http1(head: &mut RequestHead, endpoint: SocketAddr) {
    if head.version == Version::HTTP_10 && !head.fields.contains(Known::Host) {
        head.fields
            .append(Known::Host, endpoint.to_string().as_bytes());
    }
    if head.fields.contains(Known::Te) {
        let named = |option: &[u8]| option == b"te";
        if !head.fields.get_all(Known::Connection).any(named) {
            head.fields.append(Known::Connection, b"te");
        }
    }
}

/// With a host, which becomes its `:authority`.
pub(super) fn for_http2<B>(request: &mut Request<B>, endpoint: SocketAddr) {
    name_host(request, endpoint);
}

/// The codec takes a `GET` or `HEAD` that names no length to have no content. One that came in chunks, or
/// over HTTP/2, has (RFC 9110 section 9.3.1).
fn name_coding<B: Body>(request: &mut Request<B>) {
    let body = request.body();
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && !body.is_end_stream()
        && body.size_hint().exact().is_none()
    {
        let chunked = HeaderValue::from_static("chunked");
        let headers = request.headers_mut();
        headers.insert(header::TRANSFER_ENCODING, chunked);
    }
}

/// HTTP/1.0 may leave the host out; later versions may not. The endpoint's address stands in.
fn name_host<B>(request: &mut Request<B>, endpoint: SocketAddr) {
    if request.version() > Version::HTTP_10 || request.headers().contains_key(header::HOST) {
        return;
    }
    if let Ok(host) = HeaderValue::from_str(&endpoint.to_string()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Refuses a response whose end is in doubt, or that is coded in a way that nobody asked for.
pub(super) fn check_response<B>(response: &mut Response<B>) -> Result<(), BackendError> {
    let version = response.version();
    settle_framing(response.headers_mut(), version).map_err(|error| {
        let what = "the endpoint's response has no clear end";
        BackendError::new(BackendErrorKind::Protocol, what).because(error)
    })
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::for_http1;

    fn fitted(version: Version, headers: &[(&str, &str)]) -> Vec<String> {
        let mut request = Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(String::new()).unwrap();
        for _ in 0..2 {
            for_http1(&mut request, "127.0.0.1:81".parse().unwrap());
        }
        assert_eq!(request.version(), Version::HTTP_11);
        let lines = request.headers().iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        lines.collect()
    }

    #[test]
    fn http_1_0_gets_a_host_when_it_has_none() {
        let got = fitted(Version::HTTP_10, &[]);
        assert_eq!(got, ["host: 127.0.0.1:81"]);
        let got = fitted(Version::HTTP_10, &[("host", "a")]);
        assert_eq!(got, ["host: a"]);
    }

    #[test]
    fn te_is_named_by_connection_once() {
        let sent = [("host", "a"), ("te", "trailers")];
        let got = fitted(Version::HTTP_11, &sent);
        assert_eq!(got, ["host: a", "te: trailers", "connection: te"]);
    }
}
