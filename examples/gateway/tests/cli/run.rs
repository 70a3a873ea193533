//! `gateway run`: reload, problems, signals.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::support::{Answer, Gateway, LONG, curl, example, output, text};

fn quickstart() -> String {
    std::fs::read_to_string(example("quickstart.yaml")).unwrap()
}

/// A gateway that serves the quickstart from a file of its own.
fn with_file() -> (tempfile::TempDir, PathBuf, Gateway) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart()).unwrap();
    let gateway = Gateway::serving(&[file.to_str().unwrap()]);
    (dir, file, gateway)
}

/// The quickstart with a rule that answers 302 instead.
fn redirecting() -> String {
    let rule = "  - filters:\n    - type: RequestRedirect\n      requestRedirect:\n        \
                hostname: elsewhere.example.com\n";
    let text = quickstart();
    let backend = "  - backendRefs:\n    - name: echo\n      port: 80\n";
    assert!(text.contains(backend));
    text.replace(backend, rule)
}

fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}

#[test]
fn an_edit_is_served_without_a_restart() {
    let (_dir, file, mut gateway) = with_file();
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    replace(&file, &redirecting());
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 302);
    std::fs::write(&file, quickstart()).unwrap();
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
}

#[test]
fn a_mounted_config_map_that_is_swapped_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let version = |name: &str, text: &str| {
        std::fs::create_dir(root.join(name)).unwrap();
        std::fs::write(root.join(name).join("web.yaml"), text).unwrap();
        std::os::unix::fs::symlink(name, root.join("..tmp")).unwrap();
        std::fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
    };
    version("..1", &quickstart());
    std::os::unix::fs::symlink("..data/web.yaml", root.join("web.yaml")).unwrap();
    let mut gateway = Gateway::serving(&[root.to_str().unwrap()]);
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    version("..2", &redirecting());
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 302);
}

#[test]
fn an_edit_that_does_not_parse_keeps_the_last_good_state_and_says_what_is_wrong() {
    let (_dir, file, mut gateway) = with_file();
    replace(
        &file,
        &redirecting().replace("kind: HTTPRoute", "kind: [HTTPRoute"),
    );
    gateway.wait_for("web.yaml");
    gateway.wait_for("last good version");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    replace(&file, &redirecting());
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 302);
}

#[test]
fn an_invalid_resource_keeps_the_last_good_state_of_the_whole_set() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart()).unwrap();
    let mut gateway = Gateway::serving(&[dir.path().to_str().unwrap()]);
    let invalid = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  \
                   name: other\nspec:\n  rules:\n  - timeouts:\n      request: soon\n";
    // Both at once: the good edit waits for the bad one to be mended.
    std::fs::write(dir.path().join("other.yaml"), invalid).unwrap();
    replace(&file, &redirecting());
    gateway.wait_for("spec.rules[0].timeouts.request");
    gateway.wait_for("last good version");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    std::fs::remove_file(dir.path().join("other.yaml")).unwrap();
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 302);
}

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

/// Writes another version of the quickstart, and waits until it is served.
fn reload(gateway: &mut Gateway, file: &Path, version: usize) {
    let filter = format!(
        "  - filters:\n    - type: ResponseHeaderModifier\n      responseHeaderModifier:\n        \
         set: [{{name: x-version, value: \"{version}\"}}]\n    backendRefs:"
    );
    replace(file, &quickstart().replace("  - backendRefs:", &filter));
    gateway.wait_for("reloaded");
}

#[test]
fn reloads_under_load_drop_no_request() {
    const REQUESTS: usize = 2_000;
    let (_dir, file, mut gateway) = with_file();
    let clients = ["connection: keep-alive", "connection: close"].map(|header| {
        let url = format!("{}[1-{REQUESTS}]", gateway.url("/"));
        std::thread::spawn(move || curl(&[&url, "-H", header]))
    });
    for version in 0..25 {
        reload(&mut gateway, &file, version);
    }
    for client in clients {
        let answers = client.join().unwrap().text;
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), REQUESTS);
    }
}

#[test]
fn reloads_leave_no_file_open() {
    let (_dir, file, mut gateway) = with_file();
    let mut open_after = |version| {
        reload(&mut gateway, &file, version);
        let answer = curl(&[&gateway.url("/")]);
        assert!(
            answer.text.contains(&format!("x-version: {version}\r\n")),
            "{answer:?}"
        );
        gateway.open_files()
    };
    let before = open_after(0);
    let after: Vec<_> = (1..=20).map(open_after).collect();
    // A client's connection may take a moment to be closed.
    assert!(
        after.iter().any(|open| *open <= before),
        "{before}, then {after:?}"
    );
    assert!(after[19] <= before + 1, "{before}, then {after:?}");
}

#[test]
fn a_listener_that_is_added_is_opened_and_one_that_is_removed_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    let mut gateway = Gateway::serving(&[dir.path().to_str().unwrap()]);
    gateway.line("no listener is served");
    std::fs::write(&file, quickstart()).unwrap();
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    std::fs::write(&file, quickstart().replace("port: 8080", "port: 8443")).unwrap();
    gateway.wait_for("reloaded");
    let address = |port| ("127.0.0.1", gateway.port(port));
    assert!(TcpStream::connect(address(8443)).is_ok());
    // The workers close their sockets one after the other.
    let deadline = Instant::now() + LONG;
    while TcpStream::connect(address(8080)).is_ok() {
        assert!(Instant::now() < deadline, "the old port is still open");
        std::thread::yield_now();
    }
}

#[test]
fn hangup_reloads() {
    let (_dir, _file, mut gateway) = with_file();
    gateway.signal("HUP");
    gateway.wait_for("reloaded");
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
    assert_eq!(gateway.wait().code(), Some(1));
    assert!(client.join().is_err(), "the request was cut short");
}
