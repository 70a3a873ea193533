//! Headers that say where a request comes from.

use std::net::IpAddr;

use http::Version;
use http::header::HeaderValue;
use http::uri::Scheme;

use crate::head::{Fields, Known};

/// Which headers are added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarding {
    /// `X-Forwarded-For`: the client's address, after those that are there. On by default.
    pub x_forwarded_for: bool,
    /// `X-Forwarded-Proto`: `http` or `https`, in place of what is there. On by default.
    pub x_forwarded_proto: bool,
    /// `X-Forwarded-Host`: the `Host` of the request, in place of what is there. On by default.
    pub x_forwarded_host: bool,
    /// `X-Request-Id`: a new id, unless there is one. On by default.
    pub request_id: bool,
    /// `Forwarded` (RFC 7239): one more element. Off by default, as it says the same once more.
    pub forwarded: bool,
    /// `Via` (RFC 9110 section 7.6.3) under this pseudonym, in both directions. Off by default, as
    /// some servers withhold compression from proxies.
    pub via: Option<Box<str>>,
}

impl Default for Forwarding {
    fn default() -> Self {
        Self {
            x_forwarded_for: true,
            x_forwarded_proto: true,
            x_forwarded_host: true,
            request_id: true,
            forwarded: false,
            via: None,
        }
    }
}

/// The headers that are the same for all requests of a connection, prepared when it is accepted.
#[derive(Debug, Clone)]
pub struct ConnectionHeaders {
    client: HeaderValue,
    scheme: HeaderValue,
    /// `for` and `proto` of `Forwarded`.
    forwarded: Box<str>,
}

impl ConnectionHeaders {
    /// The headers for a connection from `client`, over TLS or not.
    pub fn new(client: IpAddr, scheme: &Scheme) -> Self {
        let client = client.to_canonical();
        let node = match client {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        };
        let visible = "addresses and schemes are visible ASCII";
        Self {
            client: HeaderValue::try_from(client.to_string()).expect(visible),
            scheme: HeaderValue::from_str(scheme.as_str()).expect(visible),
            forwarded: format!("for={node};proto={scheme}").into(),
        }
    }
}

pub(super) fn add(
    fields: &mut Fields,
    version: Version,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
    new_id: impl FnOnce() -> RequestId,
) {
    if forwarding.x_forwarded_for {
        fields.join(Known::XForwardedFor, b", ", connection.client.as_bytes());
    }
    if forwarding.x_forwarded_proto {
        fields.set(Known::XForwardedProto, connection.scheme.as_bytes());
    }
    if forwarding.x_forwarded_host {
        fields.copy(Known::Host, Known::XForwardedHost);
    }
    if forwarding.request_id && !fields.contains(Known::XRequestId) {
        fields.append(Known::XRequestId, &new_id());
    }
    if forwarding.forwarded {
        add_forwarded(fields, connection);
    }
    add_via(fields, version, forwarding);
}

fn add_forwarded(fields: &mut Fields, connection: &ConnectionHeaders) {
    let host = fields.text(Known::Host);
    let host = host
        .map(|host| format!(";host=\"{host}\""))
        .unwrap_or_default();
    let element = format!("{}{host}", connection.forwarded);
    fields.join(Known::Forwarded, b", ", element.as_bytes());
}

/// Says that this hop received the message in `version`.
pub(super) fn add_via(fields: &mut Fields, version: Version, forwarding: &Forwarding) {
    let Some(pseudonym) = &forwarding.via else {
        return;
    };
    let version = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    };
    if let Ok(hop) = HeaderValue::try_from(format!("{version} {pseudonym}")) {
        fields.join(Known::Via, b", ", hop.as_bytes());
    }
}

/// The text of a request id.
pub type RequestId = [u8; 36];

/// A request id: the form of a version 4 UUID, filled with `random` bits.
pub fn request_id(random: u128) -> RequestId {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    /// Where the digits of each byte go, dashes between.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let bits = random & !(0xf << 76 | 0x3 << 62) | 4 << 76 | 2 << 62;
    let mut text = [b'-'; 36];
    for (byte, place) in bits.to_be_bytes().into_iter().zip(PLACES) {
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 0xf)];
    }
    text
}

#[cfg(test)]
mod tests {
    use http::Version;
    use http::header::HeaderMap;
    use http::uri::Scheme;

    use super::{ConnectionHeaders, Fields, Forwarding, add, request_id};

    const NONE: Forwarding = Forwarding {
        x_forwarded_for: false,
        x_forwarded_proto: false,
        x_forwarded_host: false,
        request_id: false,
        forwarded: false,
        via: None,
    };

    fn forwarded(sent: &[(&'static str, &str)], forwarding: &Forwarding, from: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        let connection = ConnectionHeaders::new(from.parse().unwrap(), &Scheme::HTTPS);
        let mut fields = Fields::from(&headers);
        let id = || request_id(0);
        add(&mut fields, Version::HTTP_11, &connection, forwarding, id);
        HeaderMap::from(&fields)
    }

    fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
        let values = headers.get_all(name).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn by_default_the_backend_learns_client_scheme_host_and_id() {
        let got = forwarded(
            &[("host", "a.example:99")],
            &Forwarding::default(),
            "10.0.0.1",
        );
        assert_eq!(got.len(), 5);
        assert_eq!(got["x-forwarded-for"], "10.0.0.1");
        assert_eq!(got["x-forwarded-proto"], "https");
        assert_eq!(got["x-forwarded-host"], "a.example:99");
        assert_eq!(got["x-request-id"].as_bytes(), request_id(0));
    }

    #[test]
    fn the_client_is_appended_and_the_rest_replaced() {
        let sent = [
            ("host", "a.example"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2, 3.3.3.3"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-host", "evil.example"),
            ("x-request-id", "theirs"),
        ];
        let got = forwarded(&sent, &Forwarding::default(), "::ffff:10.0.0.1");
        let clients = values(&got, "x-forwarded-for");
        assert_eq!(clients, ["1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1"]);
        assert_eq!(values(&got, "x-forwarded-proto"), ["https"]);
        assert_eq!(values(&got, "x-forwarded-host"), ["a.example"]);
        assert_eq!(values(&got, "x-request-id"), ["theirs"]);
    }

    #[test]
    fn what_a_client_claims_as_host_is_dropped_when_there_is_none() {
        let got = forwarded(
            &[("x-forwarded-host", "evil")],
            &Forwarding::default(),
            "::1",
        );
        assert!(!got.contains_key("x-forwarded-host"));
    }

    #[test]
    fn everything_can_be_turned_off() {
        assert!(forwarded(&[], &NONE, "10.0.0.1").is_empty());
    }

    /// RFC 7239 sections 4 and 6.
    #[test]
    fn forwarded_gains_an_element() {
        let on = Forwarding {
            forwarded: true,
            ..NONE
        };
        let sent = [("host", "a.example:99"), ("forwarded", "for=1.1.1.1")];
        let got = forwarded(&sent, &on, "::1");
        let want = "for=1.1.1.1, for=\"[::1]\";proto=https;host=\"a.example:99\"";
        assert_eq!(values(&got, "forwarded"), [want]);
        let got = forwarded(&[], &on, "10.0.0.1");
        assert_eq!(values(&got, "forwarded"), ["for=10.0.0.1;proto=https"]);
    }

    #[test]
    fn via_gains_the_received_version_and_a_pseudonym() {
        let on = Forwarding {
            via: Some("gateway".into()),
            ..NONE
        };
        let got = forwarded(&[("via", "1.0 other")], &on, "10.0.0.1");
        assert_eq!(values(&got, "via"), ["1.0 other, 1.1 gateway"]);
    }

    #[test]
    fn request_ids_are_uuids() {
        let id = |random| String::from_utf8(request_id(random).to_vec()).unwrap();
        assert_eq!(id(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(id(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let counted = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
        assert_eq!(id(counted), "01234567-89ab-4def-8123-456789abcdef");
    }
}
