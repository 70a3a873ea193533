//! `gateway run`: what edits do.

use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Instant;

use crate::files::{quickstart, redirecting, replace, with_file};
use crate::support::{Gateway, LONG, curl};

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
    let line = gateway.line("no listener is served");
    assert!(line.contains("ERROR"), "{line}");
    std::fs::write(&file, quickstart()).unwrap();
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    std::fs::write(&file, quickstart().replace("port: 8080", "port: 8443")).unwrap();
    gateway.wait_for("reloaded");
    let address = |port| ("127.0.0.1", gateway.port(port));
    assert!(TcpStream::connect(address(8443)).is_ok());
    wait_closed(address(8080));
}

/// Writes the quickstart and more than a pipe holds, so that it returns once somebody has read; the pipe
/// has no end until what is returned is dropped.
fn fill(pipe: PathBuf) -> JoinHandle<File> {
    std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(pipe).unwrap();
        let padding = "#\n".repeat(512 << 10);
        write!(pipe, "{}{padding}", quickstart()).unwrap();
        pipe
    })
}

#[test]
fn sigterm_ends_a_start_and_a_reload_that_hang() {
    let dir = tempfile::tempdir().unwrap();
    for (name, path, is_reload) in [("start", "-", false), ("reload", "/dev/fd/0", true)] {
        let pipe = dir.path().join(name);
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let mut filled = fill(pipe.clone());
        let stdin = File::open(&pipe).unwrap();
        let mut gateway = Gateway::start_with(stdin.into(), &[path]);
        if is_reload {
            drop(filled.join().unwrap());
            gateway.wait_for("serving");
            filled = fill(pipe);
            gateway.signal("HUP");
        }
        let hanging = filled.join().unwrap();
        gateway.signal("TERM");
        assert_eq!(gateway.wait().code(), Some(0), "{name}");
        drop(hanging);
    }
}

#[test]
fn hangup_reloads() {
    let (_dir, _file, mut gateway) = with_file();
    gateway.signal("HUP");
    gateway.wait_for("reloaded");
}

#[test]
fn an_edit_that_leaves_no_gateway_keeps_the_last_good_state_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart()).unwrap();
    let mut gateway = Gateway::serving(&[dir.path().to_str().unwrap()]);
    // The directory is empty, then has other resources only, then is as it was.
    std::fs::remove_file(&file).unwrap();
    gateway.wait_for("no Gateway is left");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    let text = quickstart();
    let others = text
        .split("---\n")
        .filter(|d| !d.contains("kind: Gateway\n"));
    let others = others.collect::<Vec<_>>().join("---\n");
    std::fs::write(&file, others).unwrap();
    gateway.wait_for("no Gateway is left");
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
    std::fs::write(&file, redirecting()).unwrap();
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&gateway.url("/")]).status, 302);
}

#[test]
fn one_of_several_gateways_can_be_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.yaml");
    std::fs::write(dir.path().join("web.yaml"), quickstart()).unwrap();
    let second = quickstart()
        .replace("name: web", "name: other")
        .replace("8080", "8443");
    let mut second = second.split("---\n");
    let second = second.find(|d| d.contains("kind: Gateway\n")).unwrap();
    std::fs::write(&other, second).unwrap();
    let mut gateway = Gateway::serving(&[dir.path().to_str().unwrap()]);
    assert_eq!(
        curl(&[&format!("http://localhost:{}/", gateway.port(8443))]).status,
        404
    );
    std::fs::remove_file(&other).unwrap();
    gateway.wait_for("reloaded");
    wait_closed(("127.0.0.1", gateway.port(8443)));
    assert_eq!(curl(&[&gateway.url("/")]).status, 200);
}

/// Waits until a port is closed: the workers close their sockets one after the other.
fn wait_closed(address: (&str, u16)) {
    let deadline = Instant::now() + LONG;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the old port is still open");
        std::thread::yield_now();
    }
}

#[test]
fn a_port_that_was_taken_is_served_once_it_is_free() {
    let (_dir, file, mut gateway) = with_file();
    let port = gateway.port(8081);
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    replace(&file, &quickstart().replace("8080", "8081"));
    gateway.wait_for("another process listens there");
    drop(taken);
    gateway.wait_for("reloaded");
    assert_eq!(curl(&[&format!("http://127.0.0.1:{port}/")]).status, 200);
}
