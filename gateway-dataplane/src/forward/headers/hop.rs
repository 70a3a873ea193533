//! Hop-by-hop headers.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Version, request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Removes the headers that belong to one connection: `Connection` and what it names, `Keep-Alive`,
/// `Proxy-*`, `Transfer-Encoding`, `TE` (but for `trailers`), `Upgrade`, and of requests `Expect`, which
/// the server answers itself. `Trailer` stays, since trailers are forwarded. `upgrade` puts `Connection:
/// upgrade` back and keeps `Upgrade`.
pub(super) fn strip(headers: &mut HeaderMap, direction: Direction, upgrade: bool) {
    let present = headers.keys().fold(0, |bits, name| bits | bit(name));
    if present == 0 {
        return;
    }
    let protocol = match upgrade {
        true => headers.get(header::UPGRADE).cloned(),
        false => None,
    };
    let trailers = present & TE != 0 && lists(headers, &header::TE, "trailers");
    if present & CONNECTION != 0 {
        for name in named_by_connection(headers) {
            headers.remove(name);
        }
    }
    for (at, name) in HOP_BY_HOP.iter().enumerate() {
        let kept = *name == "expect" && direction == Direction::Response;
        if present & 1 << at != 0 && !kept {
            headers.remove(*name);
        }
    }
    if trailers && direction == Direction::Request {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = protocol {
        headers.insert(header::UPGRADE, protocol);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Removes from a trailer section what is no business of one: fields that belong to one connection,
/// frame, route or authenticate a message, or say how to read its content (RFC 9110 section 6.5.1).
pub(crate) fn strip_trailers(trailers: &mut HeaderMap) {
    for name in HOP_BY_HOP.into_iter().chain(NO_TRAILERS) {
        trailers.remove(name);
    }
}

const NO_TRAILERS: [&str; 13] = [
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "host",
    "max-forwards",
    "range",
    "set-cookie",
    "trailer",
    "www-authenticate",
];

const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "te",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];
const CONNECTION: u16 = 1 << 0;
const TE: u16 = 1 << 1;

/// Bit `n` for the name at `n` of [`HOP_BY_HOP`], no bit for others.
fn bit(name: &HeaderName) -> u16 {
    // The first byte rules out most names at once.
    match name.as_str().as_bytes().first() {
        Some(b'c' | b't' | b'e' | b'k' | b'p' | b'u') => {
            let at = HOP_BY_HOP.iter().position(|hop| *hop == name.as_str());
            at.map_or(0, |at| 1 << at)
        }
        _ => 0,
    }
}

/// What `Connection` names, beyond options that are no headers, and headers that no sender may name
/// (RFC 9110 section 7.6.1): the message would not be the same without them.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    const KEPT: [&str; 4] = ["close", "host", "content-length", "te"];
    elements(headers, &header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .filter(|name| bit(name) == 0 && !KEPT.contains(&name.as_str()))
        .collect()
}

/// The elements of a comma-separated header.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn lists(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    elements(headers, name).any(|found| found.eq_ignore_ascii_case(element))
}

/// The protocol that a request asks to change to, in HTTP/1.1, with both `Connection: upgrade` and
/// `Upgrade` (RFC 9110 section 7.8). An upgrade to HTTP/2 is the gateway's own business and not served:
/// such a request is an ordinary one.
pub fn requested_upgrade(parts: &request::Parts) -> Option<&HeaderValue> {
    let protocol = parts.headers.get(header::UPGRADE)?;
    let asked = parts.version == Version::HTTP_11
        && lists(&parts.headers, &header::CONNECTION, "upgrade")
        && !lists(&parts.headers, &header::UPGRADE, "h2c");
    asked.then_some(protocol)
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderMap, HeaderName, HeaderValue};
    use http::{Request, Version};

    use super::{Direction, requested_upgrade, strip, strip_trailers};

    type Lines<'a> = &'a [(&'static str, &'a str)];

    fn stripped(sent: Lines<'_>, direction: Direction, upgrade: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        strip(&mut headers, direction, upgrade);
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        let mut lines = headers.iter().map(line).collect::<Vec<_>>();
        lines.sort();
        lines
    }

    #[test]
    fn what_belongs_to_the_connection_is_removed() {
        let sent: Lines<'_> = &[
            ("connection", "keep-alive, X-Custom"),
            ("connection", "x-other"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eDp5"),
            ("proxy-authenticate", "Basic"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-custom", "1"),
            ("x-other", "2"),
            ("x-kept", "3"),
            ("trailer", "x-sum"),
            ("content-length", "5"),
        ];
        let want = ["content-length: 5", "trailer: x-sum", "x-kept: 3"];
        assert_eq!(stripped(sent, Direction::Request, false), want);
        assert_eq!(stripped(sent, Direction::Response, false), want);
    }

    #[test]
    fn connection_cannot_name_host_and_length() {
        let sent: Lines<'_> = &[
            ("connection", "close, host, content-length"),
            ("content-length", "5"),
            ("host", "a"),
        ];
        let want = ["content-length: 5", "host: a"];
        assert_eq!(stripped(sent, Direction::Request, false), want);
    }

    #[test]
    fn trailers_lose_what_is_no_trailer() {
        let mut trailers = HeaderMap::new();
        for name in [
            "transfer-encoding",
            "content-length",
            "host",
            "te",
            "grpc-status",
        ] {
            trailers.append(name, HeaderValue::from_static("1"));
        }
        strip_trailers(&mut trailers);
        assert_eq!(trailers.keys().collect::<Vec<_>>(), ["grpc-status"]);
    }

    #[test]
    fn te_keeps_trailers_only() {
        for sent in ["trailers", "gzip, Trailers"] {
            let sent: Lines<'_> = &[("te", sent), ("connection", "te")];
            let got = stripped(sent, Direction::Request, false);
            assert_eq!(got, ["te: trailers"]);
        }
        let got = stripped(&[("te", "deflate")], Direction::Request, false);
        assert!(got.is_empty());
    }

    #[test]
    fn expect_is_answered_by_the_server() {
        let sent: Lines<'_> = &[("expect", "100-continue")];
        assert!(stripped(sent, Direction::Request, false).is_empty());
    }

    #[test]
    fn an_upgrade_is_kept_when_it_is_forwarded() {
        let sent: Lines<'_> = &[
            ("connection", "keep-alive, Upgrade, x-custom"),
            ("upgrade", "websocket"),
            ("x-custom", "1"),
        ];
        let want = ["connection: upgrade", "upgrade: websocket"];
        assert_eq!(stripped(sent, Direction::Request, true), want);
        assert_eq!(stripped(sent, Direction::Response, true), want);
        let none = stripped(&[("connection", "close")], Direction::Request, true);
        assert!(none.is_empty());
    }

    #[test]
    fn an_upgrade_takes_both_headers_and_http_1_1() {
        let asked = |connection: &str, protocol: &str, version| {
            let request = Request::builder().version(version);
            let request = request.header("connection", connection);
            let request = request.header("upgrade", protocol).body(()).unwrap();
            requested_upgrade(&request.into_parts().0).is_some()
        };
        assert!(asked("Upgrade", "websocket", Version::HTTP_11));
        assert!(asked("keep-alive, upgrade", "websocket", Version::HTTP_11));
        assert!(!asked("keep-alive", "websocket", Version::HTTP_11));
        assert!(!asked("upgrade", "websocket", Version::HTTP_10));
        assert!(!asked("upgrade", "websocket", Version::HTTP_2));
        assert!(!asked("Upgrade, HTTP2-Settings", "h2c", Version::HTTP_11));
    }
}
