//! What messages need on the connection that they go to or come from.

use std::net::SocketAddr;

use http::header::{self, HeaderValue};
use http::{Request, Response, Version};

use crate::backend::{BackendError, BackendErrorKind};
use crate::head::{Fields, Known, RequestHead, framing};

/// With a host, and with `TE` among the options of the connection when it is there (RFC 9110 section 10.1.4).
/// Its version is not looked at when it is written (RFC 9112 section 2.3).
pub(super) fn for_http1(head: &mut RequestHead, endpoint: SocketAddr) {
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

/// HTTP/1.0 may leave the host out; later versions may not. The endpoint's address stands in.
fn name_host<B>(request: &mut Request<B>, endpoint: SocketAddr) {
    if request.version() > Version::HTTP_10 || request.headers().contains_key(header::HOST) {
        return;
    }
    if let Ok(host) = HeaderValue::from_str(&endpoint.to_string()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Refuses a response whose end is in doubt.
pub(super) fn check_response<B>(response: &Response<B>) -> Result<(), BackendError> {
    let mut fields = Fields::new();
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        for value in response.headers().get_all(&name) {
            fields.append(&name, value.as_bytes());
        }
    }
    let framed = framing(&mut fields, response.version());
    framed.map(drop).map_err(|error| {
        let what = "the endpoint's response has no clear end";
        BackendError::new(BackendErrorKind::Protocol, what).because(error)
    })
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::{RequestHead, for_http1};

    fn fitted(version: Version, headers: &[(&str, &str)]) -> String {
        let mut head = RequestHead::default();
        head.version = version;
        for (name, value) in headers {
            head.fields.append(*name, value.as_bytes());
        }
        for _ in 0..2 {
            for_http1(&mut head, "127.0.0.1:81".parse().unwrap());
        }
        let mut lines = Vec::new();
        head.fields.write(|piece| lines.extend_from_slice(piece));
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn http_1_0_gets_a_host_when_it_has_none() {
        let got = fitted(Version::HTTP_10, &[]);
        assert_eq!(got, "host: 127.0.0.1:81\r\n");
        let got = fitted(Version::HTTP_10, &[("host", "a")]);
        assert_eq!(got, "host: a\r\n");
    }

    #[test]
    fn te_is_named_by_connection_once() {
        let sent = [("host", "a"), ("te", "trailers")];
        let got = fitted(Version::HTTP_11, &sent);
        assert_eq!(got, "host: a\r\nte: trailers\r\nconnection: te\r\n");
    }
}
