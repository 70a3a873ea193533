//! The choice of a listener, a host and a route.

use std::sync::Arc;

use gateway_model::Method;
use gateway_resolve::ir::{PathMatch, Pattern, Route, Stack, VirtualHost};
use http::HeaderMap;

use super::super::{Miss, SocketTable};
use super::{found, get, http, https, listener, path_only, prefix, rule, socket, with_hosts};

/// The listeners of the conformance test GatewayHTTPListenerIsolation.
fn isolated(stack: &Stack) -> Arc<SocketTable<()>> {
    let names = [
        "",
        "*.example.com",
        "*.foo.example.com",
        "abc.foo.example.com",
    ];
    let hosts = ["", "*.example.com", "bar.com", "abc.foo.example.com"];
    socket(names.map(|name| listener(stack, name, &hosts)).into())
}

/// Only the hosts of the listener with the most specific host name are looked at.
#[test]
fn listeners_are_isolated() {
    let socket = isolated(&http());
    let rows = [
        ("bar.com", ">bar.com"),
        ("other.com", ">"),
        ("example.com", ">"),
        ("bar.example.com", "*.example.com>*.example.com"),
        ("bar.foo.example.com", "*.foo.example.com>*.example.com"),
        (
            "abc.foo.example.com",
            "abc.foo.example.com>abc.foo.example.com",
        ),
        (
            "ABC.foo.example.COM",
            "abc.foo.example.com>abc.foo.example.com",
        ),
        ("x.abc.foo.example.com", "*.foo.example.com>*.example.com"),
    ];
    for (host, want) in rows {
        assert_eq!(
            found(&socket, host, "/", None),
            Ok(want.to_owned()),
            "{host}"
        );
    }
}

#[test]
fn no_other_listener_helps_out() {
    let narrow = listener(&http(), "a.example.com", &["b.example.com"]);
    let socket = socket(vec![narrow, listener(&http(), "*.example.com", &[""])]);
    let miss = |host| found(&socket, host, "/", None).unwrap_err();
    assert_eq!(miss("a.example.com"), Miss::NoRoute);
    assert_eq!(miss("example.org"), Miss::NoListener);
    assert!(found(&socket, "b.example.com", "/", None).is_ok());
}

/// Gateway listeners: 421 when another listener is the better match for the authority, 404 when none
/// is.
#[test]
fn requests_on_a_connection_to_another_listener_are_misdirected() {
    let socket = isolated(&https());
    let named = socket.listeners().iter().filter(|l| l.hostname().is_some());
    let named = super::socket(named.map(|l| Arc::clone(l.ir())).collect());
    let rows = [
        (&socket, Some("bar.com"), "bar.com", None),
        (&socket, Some("other.com"), "bar.com", None),
        (&socket, None, "bar.com", None),
        (
            &socket,
            Some("bar.com"),
            "a.example.com",
            Some(Miss::Misdirected),
        ),
        (&socket, None, "a.example.com", Some(Miss::Misdirected)),
        (
            &socket,
            Some("a.example.com"),
            "bar.com",
            Some(Miss::Misdirected),
        ),
        (&socket, Some("A.Example.com"), "b.example.com", None),
        (
            &socket,
            Some("a.example.com"),
            "a.foo.example.com",
            Some(Miss::Misdirected),
        ),
        (
            &socket,
            Some("abc.foo.example.com"),
            "a.foo.example.com",
            Some(Miss::Misdirected),
        ),
        (
            &named,
            Some("a.example.com"),
            "bar.com",
            Some(Miss::NoListener),
        ),
        (&named, Some("a.example.com"), "b.example.com", None),
        (
            &named,
            Some("a.example.com"),
            "abc.foo.example.com",
            Some(Miss::Misdirected),
        ),
    ];
    for (socket, sni, host, miss) in rows {
        let got = found(socket, host, "/", sni).err();
        assert_eq!(got, miss, "{host} on a connection to {sni:?}");
    }
}

#[test]
fn a_connection_goes_to_the_most_specific_listener() {
    let all = isolated(&https());
    let named = |sni| {
        let listener = all.listener_for_sni(sni)?;
        Some(listener.hostname()?.to_string())
    };
    assert_eq!(named(Some("x.example.com")).unwrap(), "*.example.com");
    assert_eq!(
        named(Some("X.foo.Example.com")).unwrap(),
        "*.foo.example.com"
    );
    assert_eq!(named(Some("bar.com")), None);
    assert!(all.listener_for_sni(None).is_some());
    let one = socket(vec![listener(&https(), "a.example", &[""])]);
    assert!(one.listener_for_sni(None).is_none());
    assert!(one.listener_for_sni(Some("b.example")).is_none());
    assert!(one.is_tls() && !isolated(&http()).is_tls());
}

#[test]
fn a_host_without_a_matching_route_leaves_the_request_to_the_next() {
    let hosts = ["a.b.com", "*.b.com", "*.com", ""].map(|host| {
        let path = format!("/{}", host.len());
        VirtualHost::new(super::hostname(host), vec![prefix(&path, host)])
    });
    let socket = socket(vec![with_hosts(&http(), "", hosts.into())]);
    for (path, host) in [
        ("/7", "a.b.com"),
        ("/7/x", "a.b.com"),
        ("/5", "*.com"),
        ("/0", ""),
    ] {
        assert!(found(&socket, "a.b.com", path, None).is_ok_and(|name| name == host));
    }
    assert_eq!(found(&socket, "b.com", "/7", None), Err(Miss::NoRule));
}

fn route(path: PathMatch, method: Option<http::Method>, name: &str) -> Route {
    let mut matches = path_only(path);
    matches.method = method.map(Method::from);
    Route {
        matches,
        match_index: 0,
        rule: Arc::new(rule(name)),
    }
}

/// HTTPRoute precedence among paths: exact, regular expression, longest prefix; then method.
#[test]
fn paths_are_tried_in_order_of_precedence() {
    let exact = |path: &str| PathMatch::Exact(path.into());
    let regex = |path| PathMatch::Regex(Pattern::new(path).unwrap());
    let put = Some(http::Method::PUT);
    let routes = vec![
        route(PathMatch::prefix("/"), None, "root"),
        route(PathMatch::prefix("/a"), None, "prefix-a"),
        route(PathMatch::prefix("/a/b/"), None, "prefix-a-b"),
        route(PathMatch::prefix("/a/b"), put.clone(), "put-prefix-a-b"),
        route(exact("/a/b"), put, "put-a-b"),
        route(exact("/a/"), None, "exact-a-slash"),
        route(regex("/a/x.*"), None, "regex"),
    ];
    let host = VirtualHost::new(None, routes);
    let socket = socket(vec![with_hosts(&http(), "", vec![host])]);
    let rows = [
        ("/", "root"),
        ("/b", "root"),
        ("/ab", "root"),
        ("//a", "root"),
        ("*", "root"),
        ("/a", "prefix-a"),
        ("/a/", "exact-a-slash"),
        ("/a//", "prefix-a"),
        ("/a/bc", "prefix-a"),
        ("/a/b", "prefix-a-b"),
        ("/a/b/", "prefix-a-b"),
        ("/a/b/c/d", "prefix-a-b"),
        ("/a/xyz", "regex"),
        ("/A", "root"),
    ];
    for (path, want) in rows {
        assert_eq!(
            found(&socket, "h", path, None),
            Ok(want.to_owned()),
            "{path}"
        );
    }
    let headers = HeaderMap::new();
    let mut head = get("h", "/a/b", &headers);
    head.method = &http::Method::PUT;
    let hit = socket.find(&head, None).unwrap();
    assert_eq!(&*hit.rule.ir().source.id.route.name, "put-a-b");
    head.path = "/a/b/c";
    let hit = socket.find(&head, None).unwrap();
    assert_eq!(&*hit.rule.ir().source.id.route.name, "put-prefix-a-b");
    assert_eq!(hit.prefix(), Some("/a/b"));
}

/// Lengths are grouped from 63 bytes on; each prefix is found all the same.
#[test]
fn long_prefixes_are_found() {
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    let lengths = [2, 62, 63, 64, 65, 200];
    let routes = lengths.map(|length| prefix(&path(length), &length.to_string()));
    let host = VirtualHost::new(None, routes.into());
    let socket = socket(vec![with_hosts(&http(), "", vec![host])]);
    for length in lengths {
        let below = path(length) + "/y/z";
        assert_eq!(found(&socket, "h", &below, None), Ok(length.to_string()));
    }
    assert_eq!(found(&socket, "h", &path(66), None), Err(Miss::NoRule));
}
