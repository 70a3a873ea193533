//! What matching reads of a request.

use std::borrow::Cow;
use std::fmt;

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};

use crate::head::{Fields, RequestHead};

/// Header fields, as matching asks for them. Implemented for the gateway's own heads and for those of the
/// `http` crate; a server with others implements it for its own.
pub trait HeaderFields {
    /// Calls `visit` with each value of `name`, in order.
    fn each<'f>(&'f self, name: &HeaderName, visit: &mut dyn FnMut(&'f [u8]));
}

impl HeaderFields for HeaderMap {
    fn each<'f>(&'f self, name: &HeaderName, visit: &mut dyn FnMut(&'f [u8])) {
        for value in self.get_all(name) {
            visit(value.as_bytes());
        }
    }
}

impl HeaderFields for Fields {
    fn each<'f>(&'f self, name: &HeaderName, visit: &mut dyn FnMut(&'f [u8])) {
        self.get_all(name).for_each(visit);
    }
}

/// The head of a request, as matching sees it.
///
/// Borrowed from a head that [`normalize`](crate::head::normalize) left in its canonical form, or
/// made up field by field.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The host that the request is for, without port and trailing dot, in any case; empty when the
    /// request names none.
    pub host: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The path, as on the wire, without the query.
    pub path: &'a str,
    /// The query, as on the wire, without the question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a dyn HeaderFields,
}

impl<'a> Head<'a> {
    /// The view of `head`, whose `Host` header says the host: a [`RequestHead`] of this crate or the
    /// [`Parts`] of the `http` crate.
    pub fn of(head: impl Into<Self>) -> Self {
        head.into()
    }
}

impl<'a> From<&'a RequestHead> for Head<'a> {
    fn from(head: &'a RequestHead) -> Self {
        Self {
            host: host_of(head.host().unwrap_or_default()),
            method: &head.method,
            path: head.path(),
            query: head.query(),
            headers: &head.fields,
        }
    }
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        let host = parts.headers.get(header::HOST);
        let authority = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        Self {
            host: host_of(authority),
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
        }
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host, method, path, ..
        } = self;
        f.debug_struct("Head")
            .field("host", host)
            .field("method", method)
            .field("path", path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

/// The host of `authority` (`host`, `host:port`, `[address]:port`), without port and trailing dot.
pub fn host_of(authority: &str) -> &str {
    let without_port = authority.trim_end_matches(|last: char| last.is_ascii_digit());
    let host = without_port.strip_suffix(':').unwrap_or(authority);
    host.strip_suffix('.').unwrap_or(host)
}

/// Calls `then` with `host` in lower case, on the stack unless it is longer than any DNS name.
pub(super) fn with_lower_case<T>(host: &str, then: impl FnOnce(&str) -> T) -> T {
    let upper = |found, byte: u8| found | byte.is_ascii_uppercase();
    if !host.bytes().fold(false, upper) {
        return then(host);
    }
    let mut buffer = [0; 256];
    let lower = match buffer.get_mut(..host.len()) {
        Some(buffer) => {
            buffer.copy_from_slice(host.as_bytes());
            buffer.make_ascii_lowercase();
            std::str::from_utf8(buffer).map(Cow::Borrowed)
        }
        None => Ok(Cow::Owned(host.to_ascii_lowercase())),
    };
    then(&lower.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{host_of, with_lower_case};

    #[test]
    fn the_port_and_a_trailing_dot_do_not_belong_to_the_host() {
        let rows = [
            ("example.com", "example.com"),
            ("example.com:80", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:443", "example.com"),
            ("10.0.0.1:8080", "10.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]"),
            ("example.com:", "example.com"),
            ("", ""),
        ];
        for (authority, host) in rows {
            assert_eq!(host_of(authority), host, "{authority:?}");
        }
    }

    #[test]
    fn hosts_are_lower_cased_whatever_their_length() {
        for host in ["", "a.example", "A.Example", &"Ab".repeat(200), "ÄB"] {
            with_lower_case(host, |lower| assert_eq!(lower, host.to_ascii_lowercase()));
        }
    }
}
