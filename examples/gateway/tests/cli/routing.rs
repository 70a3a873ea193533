//! What requests are told apart by, what they may change to, and headers that are made for each.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use crate::options::{each_version, has, lacks, policy, served, tuned};
use crate::support::{LONG, curl};

#[test]
fn a_client_gets_a_cookie_where_that_is_what_its_requests_are_told_apart_by() {
    let (_files, gateway) =
        tuned("{lbHash: {hashPolicies: [{cookie: {name: c, ttl: 60s, path: /}}]}}");
    each_version(&gateway, "/tuned", &[], |answer| {
        has(answer, "set-cookie: c=\"");
        has(answer, "\"; Max-Age=60; Path=/; HttpOnly");
    });
    each_version(&gateway, "/tuned", &["-H", "cookie: c=1"], |answer| {
        lacks(answer, "set-cookie");
    });
    each_version(&gateway, "/", &[], |answer| lacks(answer, "set-cookie"));
}

#[test]
fn requests_change_to_websocket_unless_that_is_off() {
    let (_files, gateway) = tuned("{upgrades: [{websocket: {enabled: false}}]}");
    let asks = |path: &str| {
        let url = gateway.url(path);
        let line = ["-H", "connection: upgrade", "-H", "upgrade: websocket"];
        curl(&[&["--http1.1", &url][..], &line].concat()).status
    };
    assert_eq!(asks("/tuned"), 403);
    assert_ne!(asks("/"), 403);
    each_version(&gateway, "/tuned", &[], |answer| {
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn headers_are_made_of_what_is_known_of_a_route_and_of_secrets() {
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: default}\ntype: Opaque\n\
                  stringData: {x-key: 100%}\n";
    let options = "{envoyMetadata: {team: {name: blue}}, headerManipulation: {requestHeadersToAdd: [\
                   {header: {key: x-team, value: '%METADATA(ROUTE:team:name)%'}}, \
                   {headerSecretRef: {name: keys, namespace: default}}]}}";
    let (_files, gateway) = served(&[
        secret.to_owned(),
        policy("RouteOption", "HTTPRoute/tuned", options),
    ]);
    each_version(&gateway, "/tuned", &[], |answer| {
        has(answer, "x-team: blue");
        has(answer, "x-key: 100%");
    });
    each_version(&gateway, "/", &[], |answer| {
        lacks(answer, "x-team");
        lacks(answer, "x-key");
    });
}

/// A server that tells the `host` line of each request.
fn told() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, hosts) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut lines = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty());
            let host = lines.find(|line| line.to_ascii_lowercase().starts_with("host:"));
            let _gone = sender.send(host.unwrap_or_default());
            let _gone = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (port, hosts)
}

#[test]
fn a_copy_says_by_its_host_that_it_is_one() {
    let (port, hosts) = told();
    let upstream = format!(
        "---\napiVersion: gloo.solo.io/v1\nkind: Upstream\nmetadata: {{name: shadow, namespace: default}}\n\
         spec: {{static: {{hosts: [{{addr: 127.0.0.1, port: {port}}}]}}}}\n"
    );
    let options = "{shadowing: {upstream: {name: shadow, namespace: default}, percentage: 100}}";
    let (_files, gateway) = served(&[upstream, policy("RouteOption", "HTTPRoute/tuned", options)]);
    assert_eq!(curl(&[&gateway.url("/tuned")]).status, 200);
    let host = hosts.recv_timeout(LONG).unwrap().to_ascii_lowercase();
    assert!(host.starts_with("host: localhost-shadow"), "{host}");
}
