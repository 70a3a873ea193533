//! What matching reads of a request.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, Method};

use crate::head::{Fields, HeadError, HeadRules, RequestHead, normalize};

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
/// [`Head::of`] makes it of a head that came from a client. Who makes one up field by field sees to it that host and
/// path are in canonical form (see [`head`](crate::head)).
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
    /// The view of `head`, which is brought into canonical form first.
    ///
    /// # Errors
    /// The head has to be refused, with [`HeadError::status`].
    pub fn of(head: &'a mut RequestHead) -> Result<Self, HeadError> {
        normalize(head, HeadRules::default())?;
        Ok(Self::unnormalized(head))
    }

    /// The view of `head` as it is. What [`normalize`] has not seen can be read in several ways: `/cart/../admin` is
    /// below `/cart` to the table, and below `/admin` to a backend.
    pub fn unnormalized(head: &'a RequestHead) -> Self {
        Self {
            host: host_of(head.host().unwrap_or_default()),
            method: &head.method,
            path: head.path(),
            query: head.query(),
            headers: &head.fields,
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
    use http::{Request, StatusCode};

    use super::{Head, RequestHead, host_of, with_lower_case};

    fn head(target: &str) -> RequestHead {
        let request = Request::get(target).header("host", "a.example:80");
        RequestHead::from(&request.body(()).unwrap().into_parts().0)
    }

    /// RFC 3986 section 5.2.4: dot segments are resolved before the path says anything.
    #[test]
    fn a_head_is_looked_at_in_canonical_form() {
        let mut dots = head("/cart/../%61dmin?a=b");
        assert_eq!(Head::unnormalized(&dots).path, "/cart/../%61dmin");
        let seen = Head::of(&mut dots).unwrap();
        let fields = (seen.host, seen.path, seen.query);
        assert_eq!(fields, ("a.example", "/admin", Some("a=b")));
        let refused = Head::of(&mut head("/%00")).unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }

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
