//! `gateway run`: start, problems, signals.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use crate::files::{CLEAN, Files, quickstart, with_file};
use crate::support::{Answer, Gateway, LONG, curl, example, output, text};

#[test]
fn at_the_start_what_is_invalid_is_left_out_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("web.yaml"), quickstart()).unwrap();
    std::fs::write(dir.path().join("bad.yaml"), "kind: Nothing\n").unwrap();
    let mut gateway = Gateway::serving(&[dir.path().to_str().unwrap()]);
    gateway.line("bad.yaml:1");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
}

#[test]
fn the_table_names_listeners_routes_and_the_demo_backend() {
    let (_dir, _file, mut gateway) = with_file();
    let address = format!("127.0.0.1:{}", gateway.port(8080));
    assert!(gateway.line("Gateway default/web http").contains(&address));
    let route = gateway.line("HTTPRoute default/web");
    assert!(
        route.contains("echo:80") && route.contains("Accepted"),
        "{route}"
    );
    gateway.line("EMBEDDED DEMO ECHO BACKEND");
    gateway.line("embedded demo echo backend started");
}

#[test]
fn json_logs_are_objects_a_line() {
    let path = example("quickstart.yaml");
    let arguments = ["--log-format", "json", path.to_str().unwrap()];
    let mut gateway = Gateway::start(&arguments);
    let line = gateway.wait_for("serving");
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["level"], "INFO");
    assert_eq!(event["message"], "serving");
}

#[test]
fn nothing_to_serve_exits_2_and_says_so() {
    let missing = output(&["run", "/nowhere.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        text(&missing.stderr).contains("/nowhere.yaml"),
        "{}",
        text(&missing.stderr)
    );
    let level = output(&["run", "--log-level", "a=b=c", "/nowhere.yaml"]);
    assert_eq!(level.status.code(), Some(2));
    assert!(
        text(&level.stderr).contains("--log-level"),
        "{}",
        text(&level.stderr)
    );
}

#[test]
fn a_port_that_is_taken_exits_2_and_names_the_address_and_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(
        &file,
        quickstart().replace("8080", &address.port().to_string()),
    )
    .unwrap();
    let output = output(&["run", "--workers", "1", file.to_str().unwrap()]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(&address.to_string()), "{errors}");
    assert!(errors.contains("--port-offset"), "{errors}");
}

#[test]
fn the_way_out_fits_what_is_wrong_with_each_address() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    // An address for documentation (RFC 5737), which no machine has.
    let elsewhere = quickstart().replace("127.0.0.1", "192.0.2.1");
    assert!(elsewhere.contains("192.0.2.1"));
    let errors = |text_of_file: &str, offset: &str| {
        std::fs::write(&file, text_of_file).unwrap();
        let path = file.to_str().unwrap();
        let output = output(&["run", "--workers", "1", "--port-offset", offset, path]);
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    let foreign = errors(&elsewhere, "0");
    assert!(
        foreign.contains("next: give an address of this machine"),
        "{foreign}"
    );
    assert!(!foreign.contains("--port-offset"), "{foreign}");
    let beyond = errors(&quickstart(), "60000");
    assert!(
        beyond.contains("next: give a smaller --port-offset"),
        "{beyond}"
    );
    assert!(!beyond.contains("stop what has the ports"), "{beyond}");
}

/// A server that has been sent a request and has yet to answer it.
struct Held(TcpStream);

impl Held {
    fn answer(mut self) {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate";
        self.0.write_all(answer).unwrap();
    }
}

/// A gateway with one request in flight.
fn in_flight() -> (tempfile::TempDir, Gateway, Held, JoinHandle<Answer>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let slice = format!(
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: echo-1\n  \
         labels:\n    kubernetes.io/service-name: echo\naddressType: IPv4\nendpoints:\n\
         - addresses: [127.0.0.1]\nports:\n- port: {}\n",
        server.local_addr().unwrap().port()
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart() + &slice).unwrap();
    let gateway = Gateway::serving(&[file.to_str().unwrap()]);
    let url = gateway.url("/");
    let client = std::thread::spawn(move || curl(&[&url]));
    let (mut stream, _) = server.accept().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    (dir, gateway, Held(stream), client)
}

#[test]
fn sigterm_lets_requests_finish() {
    let (_dir, mut gateway, held, client) = in_flight();
    gateway.signal("TERM");
    gateway.wait_for("draining");
    held.answer();
    let answer = client.join().unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text.ends_with("late"), "{answer:?}");
    assert_eq!(gateway.wait().code(), Some(0));
}

#[test]
fn a_second_signal_stops_at_once() {
    let (_dir, mut gateway, _held, client) = in_flight();
    gateway.signal("INT");
    gateway.wait_for("draining");
    gateway.signal("TERM");
    gateway.wait_for("requests were cut short connections=1");
    assert_eq!(gateway.wait().code(), Some(1));
    assert!(client.join().is_err(), "the request was cut short");
}

#[test]
fn a_second_signal_with_nothing_open_cuts_nothing_short() {
    let (_dir, mut gateway, held, client) = in_flight();
    held.answer();
    client.join().unwrap();
    let _unused = TcpStream::connect(("127.0.0.1", gateway.port(8080))).unwrap();
    gateway.signal("TERM");
    gateway.wait_for("draining");
    gateway.signal("TERM");
    gateway.wait_for("stopped");
    assert_eq!(gateway.wait().code(), Some(0));
}

#[test]
fn descriptors_are_raised_to_what_is_allowed_and_a_promise_beyond_is_said() {
    let path = example("quickstart.yaml");
    let mut gateway =
        Gateway::start_under("ulimit -Sn 64 && ulimit -Hn 600", &[path.to_str().unwrap()]);
    let line = gateway.wait_for("fewer client connections");
    let promise = "descriptors=600 connections=228 upstream_connections=114";
    assert!(line.contains(promise), "{line}");
    gateway.line("serving");
    assert_eq!(gateway.descriptors(), (600, 600));
}

#[test]
fn a_standard_error_that_nobody_reads_holds_up_nothing() {
    // Nobody is at the endpoint, of which there is a line for each request: more than a pipe holds.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let manifests = CLEAN
        .replace("port: 80, protocol", "port: 8080, protocol")
        .replace(
            "{port: 8080}]\nend",
            &format!("{{port: {}}}]\nend", closed.port()),
        );
    let files = Files::new(&[("input.yaml", &manifests)]);
    let mut gateway = Gateway::start_unread(&[files.path("input.yaml").to_str().unwrap()]);
    gateway.wait_for("HTTPRoute default/");
    for _ in 0..2_000 {
        let mut client = TcpStream::connect(("127.0.0.1", gateway.port(8080))).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
}

/// RFC 9113 section 6.7: acknowledgements of no PING are a client's to send, and not the log's to tell.
#[test]
fn what_clients_get_wrong_in_http_2_does_not_fill_the_log() {
    let path = example("quickstart.yaml");
    let mut gateway = Gateway::serving(&[path.to_str().unwrap()]);
    let mut client = TcpStream::connect(("127.0.0.1", gateway.port(8080))).unwrap();
    client
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let acknowledged = b"\0\0\x08\x06\x01\0\0\0\0whatever";
    client.write_all(&acknowledged.repeat(10)).unwrap();
    // A PING of its own comes back once all of that was read.
    client.write_all(b"\0\0\x08\x06\0\0\0\0\0question").unwrap();
    let mut got = Vec::new();
    while !got.ends_with(b"question") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        got.push(byte[0]);
    }
    drop(client);
    gateway.signal("TERM");
    gateway.wait_for("stopped");
    assert!(!gateway.seen().contains("PING"), "{}", gateway.seen());
}

/// A gateway whose only endpoint answers with `head`, after what `change` does to its manifests.
fn answered_with(head: &'static str, arguments: &[&str], change: fn(String) -> String) -> Gateway {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = origin.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in origin.incoming().flatten() {
            std::thread::spawn(move || answer_slowly(stream, head));
        }
    });
    let manifests = CLEAN
        .replace("port: 80, protocol", "port: 8080, protocol")
        .replace("{port: 8080}]\nend", &format!("{{port: {port}}}]\nend"));
    let files = Files::new(&[("input.yaml", &change(manifests))]);
    let path = files.path("input.yaml");
    Gateway::serving(&[arguments, &[path.to_str().unwrap()]].concat())
}

/// Reads the head of a request alone, so that whoever sends more has to wait.
fn answer_slowly(mut stream: TcpStream, head: &str) {
    let mut byte = [0];
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
        read.extend(byte);
    }
    let _refused = stream.write_all(head.as_bytes());
    let mut rest = Vec::new();
    let _gone = stream.read_to_end(&mut rest);
}

/// What an operator has to change is named.
#[test]
fn limits_that_a_response_exceeds_are_called_by_their_names() {
    let large: &str = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(80_000)).leak();
    let many: &str = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)).leak();
    for (head, name) in [
        (large, "response_header_bytes"),
        (many, "response_header_count"),
    ] {
        let mut gateway = answered_with(head, &[], |manifests| manifests);
        assert_eq!(curl(&[&gateway.url("/")]).status, 502);
        gateway.line(name);
    }
}
