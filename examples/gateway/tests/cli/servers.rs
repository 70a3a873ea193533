//! Servers that are asked about requests, by options of K8sGateway.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use crate::options::{each_version, has, lacks, policy, served};

/// A server that lets in who has `x-key: secret`, and tells backends who that is.
pub(crate) fn judge() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        listener
            .incoming()
            .for_each(|stream| answer(&stream.unwrap()));
    });
    port
}

fn answer(mut stream: &TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let lines = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let lines: Vec<_> = lines.collect();
    let asked = lines.first().cloned().unwrap_or_default();
    let is_known = lines.iter().any(|line| line == "x-key: secret");
    let head = match is_known && asked.starts_with("GET /check/") {
        true => "HTTP/1.1 200 OK\r\nx-user: ann\r\nx-hidden: 1",
        false => "HTTP/1.1 401 Unauthorized\r\nx-why: no key",
    };
    let close = "\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _gone = stream.write_all([head, close].concat().as_bytes());
}

/// An Upstream of that name on this machine.
fn upstream(name: &str, port: u16) -> String {
    format!(
        "---\napiVersion: gloo.solo.io/v1\nkind: Upstream\nmetadata: {{name: {name}, namespace: default}}\n\
         spec: {{static: {{hosts: [{{addr: 127.0.0.1, port: {port}}}]}}}}\n"
    )
}

const ASKED: &str = "{extauth: {extauthzServerRef: {name: auth, namespace: default}, requestTimeout: 10s, \
                     httpService: {pathPrefix: /check, request: {allowedHeaders: [x-key]}, \
                     response: {allowedUpstreamHeaders: [x-user]}}}}";

#[test]
fn requests_pass_that_the_server_of_the_listener_lets_in_where_a_virtual_host_has_it_asked() {
    let (_files, gateway) = served(&[
        upstream("auth", judge()),
        policy("HttpListenerOption", "Gateway/gw", ASKED),
        policy(
            "VirtualHostOption",
            "Gateway/gw",
            "{extauth: {customAuth: {}}}",
        ),
        policy(
            "RouteOption",
            "HTTPRoute/tuned",
            "{extauth: {disable: true}}",
        ),
    ]);
    each_version(&gateway, "/", &["-H", "x-key: secret"], |answer| {
        assert_eq!(answer.status, 200);
        has(answer, "\nx-user: ann");
        lacks(answer, "x-hidden");
    });
    each_version(&gateway, "/", &[], |answer| {
        assert_eq!(answer.status, 401);
        has(answer, "x-why: no key");
    });
    each_version(&gateway, "/tuned", &["-H", "x-user: me"], |answer| {
        assert_eq!(answer.status, 200);
        has(answer, "\nx-user: me");
    });
}

#[test]
fn nobody_is_asked_where_neither_route_nor_virtual_host_wants_it() {
    let (_files, gateway) = served(&[
        upstream("auth", judge()),
        policy("HttpListenerOption", "Gateway/gw", ASKED),
        policy(
            "RouteOption",
            "HTTPRoute/tuned",
            "{extauth: {customAuth: {}}}",
        ),
    ]);
    each_version(&gateway, "/", &[], |answer| assert_eq!(answer.status, 200));
    each_version(&gateway, "/tuned", &[], |answer| {
        assert_eq!(answer.status, 401);
    });
}

#[test]
fn a_server_that_gives_no_answer_lets_pass_what_it_is_told_to() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let limits = |deny: bool| {
        format!(
            "{{ratelimitServer: {{ratelimitServerRef: {{name: limits, namespace: default}}, denyOnFail: {deny}}}}}"
        )
    };
    let told = "{ratelimit: {rateLimits: [{actions: [{genericKey: {descriptorValue: a}}]}]}}";
    for (deny, status) in [(false, 200), (true, 500)] {
        let (_files, gateway) = served(&[
            upstream("limits", port),
            policy("HttpListenerOption", "Gateway/gw", &limits(deny)),
            policy("RouteOption", "HTTPRoute/tuned", told),
        ]);
        each_version(&gateway, "/tuned", &[], |answer| {
            assert_eq!(answer.status, status);
        });
        each_version(&gateway, "/", &[], |answer| assert_eq!(answer.status, 200));
    }
}
