use http::Version;
use http::header::HeaderMap;
use http::uri::Scheme;

use super::{ConnectionHeaders, Fields, Forwarding, add, request_id, requested_origin};

fn none() -> Forwarding {
    Forwarding {
        x_forwarded_for: false,
        x_forwarded_proto: false,
        x_forwarded_host: false,
        request_id: false,
        ..Forwarding::default()
    }
}

fn forwarded(sent: &[(&'static str, &str)], forwarding: &Forwarding, from: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, value.parse().unwrap());
    }
    let connection = ConnectionHeaders::new(from.parse().unwrap(), &Scheme::HTTPS, 8443);
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

const CLAIMS: [(&str, &str); 11] = [
    ("host", "a.example"),
    ("x-forwarded-for", "1.1.1.1"),
    ("x-forwarded-for", "2.2.2.2, 3.3.3.3"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-user", "root"),
    ("X-Forwarded-Prefix", "/evil"),
    ("x-real-ip", "4.4.4.4"),
    ("forwarded", "for=5.5.5.5"),
    ("x-request-id", "theirs"),
];

#[test]
fn what_just_anybody_says_of_his_way_is_replaced() {
    for forwarding in [Forwarding::default(), none()] {
        let got = forwarded(&CLAIMS, &forwarding, "::ffff:10.0.0.1");
        assert_eq!(values(&got, "x-forwarded-for"), ["10.0.0.1"]);
        assert_eq!(values(&got, "x-forwarded-proto"), ["https"]);
        assert_eq!(values(&got, "x-forwarded-host"), ["a.example"]);
        assert_eq!(values(&got, "x-forwarded-port"), ["8443"]);
        assert_eq!(values(&got, "x-real-ip"), ["10.0.0.1"]);
        let element = "for=10.0.0.1;proto=https;host=\"a.example\"";
        assert_eq!(values(&got, "forwarded"), [element]);
        assert_eq!(values(&got, "x-request-id"), ["theirs"]);
        assert_eq!(got.len(), 8, "{got:?}");
    }
}

#[test]
fn what_a_trusted_proxy_says_is_believed_and_extended() {
    let trusting = Forwarding {
        forwarded: true,
        trusted_proxies: ["10.0.0.0/8".parse().unwrap()].into(),
        ..Forwarding::default()
    };
    let got = forwarded(&CLAIMS, &trusting, "::ffff:10.0.0.1");
    let clients = values(&got, "x-forwarded-for");
    assert_eq!(clients, ["1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1"]);
    let elements = "for=5.5.5.5, for=10.0.0.1;proto=https;host=\"a.example\"";
    assert_eq!(values(&got, "forwarded"), [elements]);
    for (name, value) in &CLAIMS[3..9] {
        assert_eq!(values(&got, name), [*value], "{name}");
    }
    let other = forwarded(&CLAIMS, &trusting, "192.0.2.1");
    assert_eq!(values(&other, "x-forwarded-for"), ["192.0.2.1"]);
}

/// A redirect keeps scheme and port of the request, which a balancer that ends TLS knows.
#[test]
fn the_origin_of_a_request_is_what_a_trusted_proxy_says() {
    let trusting = Forwarding {
        trusted_proxies: ["10.0.0.1/32".parse().unwrap()].into(),
        ..Forwarding::default()
    };
    let connection = ConnectionHeaders::new([10, 0, 0, 1].into(), &Scheme::HTTP, 8080);
    let origin = |sent: &[(&'static str, &str)], forwarding: &Forwarding| {
        let mut fields = Fields::new();
        for (name, value) in sent {
            fields.append(*name, value.as_bytes());
        }
        requested_origin(&fields, &connection, forwarding)
    };
    let proto = ("x-forwarded-proto", "HTTPS, http");
    let port = ("x-forwarded-port", "8443");
    let own = (Scheme::HTTP, 8080);
    assert_eq!(origin(&[proto], &trusting), (Scheme::HTTPS, 443));
    assert_eq!(origin(&[proto, port], &trusting), (Scheme::HTTPS, 8443));
    assert_eq!(origin(&[], &trusting), own);
    assert_eq!(origin(&[proto, port], &Forwarding::default()), own);
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
    assert!(forwarded(&[], &none(), "10.0.0.1").is_empty());
}

/// RFC 7239 sections 4 and 6.
#[test]
fn forwarded_gains_an_element() {
    let on = Forwarding {
        forwarded: true,
        trusted_proxies: ["::1/128".parse().unwrap()].into(),
        ..none()
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
        ..none()
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
