//! What matching reads of a request.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, Method, header};

/// The head of a request, as matching sees it.
///
/// Borrowed from a head that [`normalize`](crate::head::normalize) left in its canonical form, or
/// made up field by field.
#[derive(Debug, Clone, Copy)]
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
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The view of `parts`, whose `Host` header says the host.
    pub fn of(parts: &'a Parts) -> Self {
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

/// The host of `authority` (`host`, `host:port`, `[address]:port`), without port and trailing dot.
pub fn host_of(authority: &str) -> &str {
    let host = match authority.rfind(':') {
        // A colon inside of brackets is part of an IPv6 address.
        Some(colon) if !authority[colon..].contains(']') => &authority[..colon],
        _ => authority,
    };
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
