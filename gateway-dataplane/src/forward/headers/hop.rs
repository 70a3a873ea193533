//! Hop-by-hop headers.

use http::{HeaderMap, Version};

use crate::head::{Fields, Known, RequestHead};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Removes the headers that belong to one connection: `Connection` and what it names, `Keep-Alive`,
/// `Proxy-*`, `Transfer-Encoding`, `TE` (but for `trailers`), `Upgrade`, and of requests `Expect`, which
/// the server answers itself. `Trailer` stays, since trailers are forwarded. `upgrade` puts `Connection:
/// upgrade` back and keeps `Upgrade`.
pub(super) fn strip(fields: &mut Fields, direction: Direction, upgrade: bool) {
    if !fields.contains_any(&HOP_BY_HOP) {
        return;
    }
    let protocol = match upgrade {
        true => fields.get(Known::Upgrade).map(<[u8]>::to_vec),
        false => None,
    };
    let trailers = lists(fields, Known::Te, b"trailers");
    if fields.contains(Known::Connection) {
        for name in named_by_connection(fields) {
            fields.remove(&*name);
        }
    }
    for name in HOP_BY_HOP {
        if name != Known::Expect || direction == Direction::Request {
            fields.remove(name);
        }
    }
    if trailers && direction == Direction::Request {
        fields.append(Known::Te, b"trailers");
    }
    if let Some(protocol) = protocol {
        fields.append(Known::Upgrade, &protocol);
        fields.append(Known::Connection, b"upgrade");
    }
}

/// Removes from a trailer section what is no business of one: fields that belong to one connection,
/// frame, route or authenticate a message, or say how to read its content (RFC 9110 section 6.5.1).
pub(crate) fn strip_trailers(trailers: &mut HeaderMap) {
    let hop_by_hop = HOP_BY_HOP.into_iter().map(Known::as_str);
    for name in hop_by_hop.chain(NO_TRAILERS) {
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

const HOP_BY_HOP: [Known; 9] = [
    Known::Connection,
    Known::Te,
    Known::Expect,
    Known::KeepAlive,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::ProxyConnection,
    Known::TransferEncoding,
    Known::Upgrade,
];

/// What `Connection` names, beyond options that are no headers, and headers that no sender may name
/// (RFC 9110 section 7.6.1): the message would not be the same without them.
fn named_by_connection(fields: &Fields) -> Vec<String> {
    const KEPT: [&str; 5] = ["close", "keep-alive", "host", "content-length", "te"];
    let named = elements(fields, Known::Connection).filter_map(|name| str::from_utf8(name).ok());
    let kept = |name: &&str| KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name));
    named
        .filter(|name| !kept(name))
        .map(str::to_owned)
        .collect()
}

/// The elements of a comma-separated header.
fn elements(fields: &Fields, name: Known) -> impl Iterator<Item = &[u8]> {
    let lines = fields.get_all(name);
    lines
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
}

fn lists(fields: &Fields, name: Known, element: &[u8]) -> bool {
    elements(fields, name).any(|found| found.eq_ignore_ascii_case(element))
}

/// The protocol that a request asks to change to, in HTTP/1.1, with both `Connection: upgrade` and
/// `Upgrade` (RFC 9110 section 7.8). An upgrade to another version of HTTP is the gateway's own business and not
/// served: with such an element, or one that a backend may take for it, the request is an ordinary one.
pub fn requested_upgrade(head: &RequestHead) -> Option<&[u8]> {
    let protocol = head.fields.get(Known::Upgrade)?;
    let asked = head.version == Version::HTTP_11
        && lists(&head.fields, Known::Connection, b"upgrade")
        && elements(&head.fields, Known::Upgrade).all(is_foreign_protocol);
    asked.then_some(protocol)
}

/// Is it `protocol-name` or `protocol-name/version`, and surely not HTTP?
fn is_foreign_protocol(element: &[u8]) -> bool {
    let mut parts = element.splitn(2, |byte| *byte == b'/');
    let starts = |text: &[u8]| {
        let start = element.get(..text.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    parts.all(is_token) && !starts(b"h2") && !starts(b"h3") && !starts(b"http")
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderMap, HeaderName, HeaderValue};
    use http::{Request, Version};

    use super::{Direction, Fields, RequestHead, requested_upgrade, strip, strip_trailers};

    type Lines<'a> = &'a [(&'static str, &'a str)];

    fn stripped(sent: Lines<'_>, direction: Direction, upgrade: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        let mut fields = Fields::from(&headers);
        strip(&mut fields, direction, upgrade);
        let headers = HeaderMap::from(&fields);
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
            requested_upgrade(&RequestHead::from(&request.into_parts().0)).is_some()
        };
        assert!(asked("Upgrade", "websocket", Version::HTTP_11));
        assert!(asked("keep-alive, upgrade", "websocket", Version::HTTP_11));
        assert!(!asked("keep-alive", "websocket", Version::HTTP_11));
        assert!(!asked("upgrade", "websocket", Version::HTTP_10));
        assert!(!asked("upgrade", "websocket", Version::HTTP_2));
        assert!(asked("upgrade", "websocket, x/1.0", Version::HTTP_11));
        for http in [
            "h2c",
            "H2C",
            "h2c/1",
            "h2c;q=1",
            "\"h2c\"",
            "foo h2c",
            "h2",
            "h3",
            "h2c-14",
            "HTTP/2.0",
            "websocket,,h2c",
            "websocket,",
            "websocket, h2c",
            "websocket,\th2c",
        ] {
            assert!(
                !asked("Upgrade, HTTP2-Settings", http, Version::HTTP_11),
                "{http}"
            );
        }
    }
}
