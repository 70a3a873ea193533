//! Messages, most of them good, some with a byte that is not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Several messages one after the other, with at most a few bytes changed.
pub(super) fn stream(message: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<prop::sample::Index>(), select(ODD)), 0..3);
    (vec(message, 1..4), changes, any::<bool>()).prop_map(|(messages, changes, change)| {
        let mut bytes = messages.concat();
        for (at, byte) in changes.into_iter().filter(|_| change) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// Bytes that mean something to somebody.
const ODD: &[u8] = b"\r\n :;,0159afGx\t\0\x7f\xff";

/// The pieces that a stream arrives in.
pub(super) fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![usize::MAX]), Just(vec![1]), vec(1usize..40, 1..8)]
}

pub(super) fn request() -> BoxedStrategy<Vec<u8>> {
    let methods = select(vec!["GET", "POST", "HEAD", "PUT", "OPTIONS", "x-own"]);
    let targets = select(vec!["/", "/a?b=c", "*", "http://a.example/x", "/%2e"]);
    let versions = select(vec!["1.1", "1.1", "1.1", "1.0"]);
    (methods, targets, versions, lines(), body())
        .prop_map(|(method, target, version, lines, (framing, body))| {
            let start = format!("{method} {target} HTTP/{version}\r\nhost: a.example\r\n");
            let head = [start, lines, framing, "\r\n".to_owned()].concat();
            [head.into_bytes(), body].concat()
        })
        .boxed()
}

pub(super) fn response() -> BoxedStrategy<Vec<u8>> {
    let statuses = select(vec![
        "200 OK",
        "204 No Content",
        "304",
        "404 ",
        "500 x y",
        "999 z",
    ]);
    let versions = select(vec!["1.1", "1.1", "1.1", "1.0"]);
    let interim = select(vec!["", "", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"]);
    (interim, statuses, versions, lines(), body())
        .prop_map(|(interim, status, version, lines, (framing, body))| {
            let start = format!("{interim}HTTP/{version} {status}\r\n");
            let head = [start, lines, framing, "\r\n".to_owned()].concat();
            [head.into_bytes(), body].concat()
        })
        .boxed()
}

fn lines() -> impl Strategy<Value = String> {
    let line = select(vec![
        "x-a: b\r\n",
        "X-A:  b \t\r\n",
        "x-empty:\r\n",
        "connection: close\r\n",
        "connection: keep-alive, x-a\r\n",
        "cookie: a=b; c=d\r\n",
        "x-long: 0123456789012345678901234567890123456789\n",
    ]);
    vec(line, 0..4).prop_map(|lines| lines.concat())
}

/// Header lines that frame a body, and the body.
fn body() -> impl Strategy<Value = (String, Vec<u8>)> {
    let none = Just((String::new(), Vec::new()));
    let sized = vec(any::<u8>(), 0..60).prop_map(|body| {
        let length = format!("Content-Length: {}\r\n", body.len());
        (length, body)
    });
    let twice = vec(any::<u8>(), 0..9).prop_map(|body| {
        let length = format!("content-length: {}\r\n", body.len());
        (length.repeat(2), body)
    });
    let coding = select(vec![
        "chunked",
        "Chunked",
        "gzip, chunked",
        "chunked, chunked",
    ]);
    let chunks = vec(vec(any::<u8>(), 1..40), 0..4);
    let ends = select(vec!["0\r\n\r\n", "00;x=y\r\n\r\n", "0\r\nx-sum: 1\r\n\r\n"]);
    let chunked = (coding, chunks, ends).prop_map(|(coding, chunks, end)| {
        let mut body = Vec::new();
        for chunk in chunks {
            body.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(&chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(end.as_bytes());
        (format!("transfer-encoding: {coding}\r\n"), body)
    });
    prop_oneof![2 => none, 3 => sized, 1 => twice, 3 => chunked]
}
