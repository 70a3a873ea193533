//! What requests are told of where they come from, as settings of a listener say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway_dataplane::Proxy;
use gateway_resolve::ir::{ClientAddress, ListenerSettings, Network, Provenance, RequestIds};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::support::client::Raw;
use crate::support::origin::{self, Origin};
use crate::support::{backend, ir, listener, rule, serve, set, to};

/// Answers with the headers that it sees.
async fn serving(provenance: Option<Provenance>) -> (Proxy, SocketAddr, Origin) {
    let origin = origin::http(|request: Request<Incoming>| async move {
        let lines = request.headers().iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        Response::new(Full::from(lines.collect::<String>()))
    })
    .await;
    let mut listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let mut settings = ListenerSettings::default();
    settings.provenance = provenance.and_then(set);
    listener.settings = Arc::new(settings);
    let (proxy, at) = serve(&ir(vec![listener], vec![backend("a", &[origin.address])]));
    (proxy, at, origin)
}

/// The headers that the origin sees of a request with these lines.
async fn seen(provenance: Option<Provenance>, lines: &str) -> BTreeMap<String, String> {
    let (_proxy, at, _origin) = serving(provenance).await;
    let mut client = Raw::connect(at).await;
    client
        .send(&format!("GET / HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n"))
        .await;
    let answer = client.answer().await;
    let lines = answer.body.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn client(of_connection: bool, trusted_hops: u32, left_alone: bool) -> Option<Provenance> {
    Some(Provenance {
        client: Some(ClientAddress {
            of_connection,
            trusted_hops,
            left_alone,
        }),
        ..Provenance::default()
    })
}

/// Envoy, `use_remote_address`, `xff_num_trusted_hops` and `skip_xff_append`.
#[tokio::test]
async fn the_way_is_told_as_far_as_it_is_believed() {
    let sent = "x-forwarded-for: 1.1.1.1\r\nx-forwarded-proto: https\r\n";
    let rows = [
        (None, "127.0.0.1", "http"),
        (client(false, 0, false), "1.1.1.1", "https"),
        (client(true, 0, false), "1.1.1.1, 127.0.0.1", "http"),
        (client(true, 1, false), "1.1.1.1, 127.0.0.1", "https"),
        (client(true, 0, true), "1.1.1.1", "http"),
    ];
    for (provenance, addresses, proto) in rows {
        let shown = format!("{provenance:?}");
        let seen = seen(provenance, sent).await;
        assert_eq!(seen["x-forwarded-for"], addresses, "{shown}");
        assert_eq!(seen["x-forwarded-proto"], proto, "{shown}");
    }
    let seen = seen(client(false, 0, false), "").await;
    assert_eq!(seen.get("x-forwarded-for"), None);
    assert_eq!(seen["x-forwarded-proto"], "http");
}

#[tokio::test]
async fn the_port_of_the_listener_is_told_where_that_is_asked_for() {
    let told = Provenance {
        port: true,
        ..Provenance::default()
    };
    assert_eq!(seen(Some(told), "").await["x-forwarded-port"], "80");
    assert_eq!(seen(None, "").await.get("x-forwarded-port"), None);
}

/// Envoy replaces the ids of clients at the edge, unless they are to be kept.
#[tokio::test]
async fn ids_are_made_kept_or_replaced() {
    let ids = |generated, kept, of_connection| {
        let request_id = Some(RequestIds { generated, kept });
        Some(Provenance {
            request_id,
            ..client(of_connection, 0, false).unwrap()
        })
    };
    let rows = [
        (ids(true, false, true), "mine", false),
        (ids(true, true, true), "mine", true),
        (ids(true, false, false), "mine", true),
        (ids(false, false, true), "mine", true),
        (None, "mine", true),
    ];
    for (provenance, sent, is_kept) in rows {
        let shown = format!("{provenance:?}");
        let seen = seen(provenance, &format!("x-request-id: {sent}\r\n")).await;
        assert_eq!(seen["x-request-id"] == sent, is_kept, "{shown}");
    }
    assert_eq!(
        seen(ids(false, false, true), "").await.get("x-request-id"),
        None
    );
    assert_eq!(
        seen(ids(true, false, true), "").await["x-request-id"].len(),
        36
    );
}

#[tokio::test]
async fn requests_from_inside_are_marked() {
    let inside = |network: &str, bits, hops| {
        let address = network.parse().unwrap();
        let internal = Some(vec![Network { address, bits }]);
        Some(Provenance {
            internal,
            ..client(true, hops, false).unwrap()
        })
    };
    let rows = [
        (inside("127.0.0.0", 8, 0), "", Some("true")),
        (inside("10.0.0.0", 8, 0), "x-envoy-internal: true\r\n", None),
        (
            inside("10.0.0.0", 8, 1),
            "x-forwarded-for: 10.1.1.1\r\n",
            Some("true"),
        ),
        (
            inside("127.0.0.0", 8, 1),
            "x-forwarded-for: 10.1.1.1\r\n",
            None,
        ),
        (None, "x-envoy-internal: true\r\n", Some("true")),
    ];
    for (provenance, lines, want) in rows {
        let shown = format!("{provenance:?}");
        let seen = seen(provenance, lines).await;
        assert_eq!(
            seen.get("x-envoy-internal").map(String::as_str),
            want,
            "{shown}"
        );
    }
}
