//! What one client can make the gateway keep: memory, and descriptors.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::support::{Gateway, curl, free_offset};

const STREAMS: usize = 128;
/// More than fits into the buffers of sockets.
const BODY: usize = 64 << 20;

/// Answers every request with a long body, and says when nobody takes more of it.
fn origin(stuck: Sender<TcpStream>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, stuck) = (stream.unwrap(), stuck.clone());
            thread::spawn(move || answer(stream, &stuck));
        }
    });
    port
}

fn answer(mut stream: TcpStream, stuck: &Sender<TcpStream>) {
    let mut head = [0; 4096];
    assert!(stream.read(&mut head).unwrap() > 0);
    let patience = Duration::from_millis(500);
    stream.set_write_timeout(Some(patience)).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b'x'; 64 << 10];
    if (0..BODY / chunk.len()).any(|_| stream.write_all(&chunk).is_err()) {
        let _test_is_over = stuck.send(stream);
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Asks for the body on many streams with windows that are open wide, and reads nothing.
fn greedy(address: (&str, u16)) -> TcpStream {
    let (settings, window_update, headers) = (4, 8, 1);
    let most = u32::MAX >> 1;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let initial_window = [&[0, 4][..], &most.to_be_bytes()].concat();
    bytes.extend(frame(settings, 0, 0, &initial_window));
    bytes.extend(frame(window_update, 0, 0, &(most - 65_535).to_be_bytes()));
    for stream in (1..).step_by(2).take(STREAMS) {
        // GET http / of the authority `a`, by the static table of HPACK.
        bytes.extend(frame(
            headers,
            5,
            stream,
            &[0x82, 0x86, 0x84, 0x41, 1, b'a'],
        ));
    }
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(&bytes).unwrap();
    client
}

/// A gateway whose only backend is at `port`, started under `command`.
fn before(port: u16, command: &str, arguments: &[&str]) -> (crate::files::Files, Gateway) {
    let manifests = crate::files::CLEAN
        .replace("port: 80, protocol", "port: 8080, protocol")
        .replace(
            "{port: 8080}]\nendpoints",
            &format!("{{port: {port}}}]\nendpoints"),
        );
    assert!(manifests.contains(&port.to_string()));
    let files = crate::files::Files::new(&[("input.yaml", &manifests)]);
    let path = files.path("input.yaml");
    let arguments = [arguments, &[path.to_str().unwrap()]].concat();
    let mut gateway = Gateway::start_under(command, &arguments);
    gateway.line("serving");
    (files, gateway)
}

/// A client with open windows that reads nothing holds the buffers of its streams, and no more: the limits say
/// 8 MiB of responses, beside what is being read of each. Afterwards the memory goes back to the system.
#[test]
fn a_client_that_reads_none_of_its_responses_holds_little_memory() {
    let (sender, stuck) = channel();
    let port = origin(sender);
    let (_files, mut gateway) = before(port, "true", &["--log-level", "gateway=debug"]);
    let before = gateway.resident_memory();
    let client = greedy(("127.0.0.1", gateway.port(8080)));
    let stuck: Vec<_> = stuck.iter().take(STREAMS).collect();
    let grown = gateway.resident_memory() - before;
    assert!(grown < 24 << 20, "{} KiB", grown >> 10);
    drop((client, stuck));
    // The first time may have been while it was needed.
    let kept = (0..3).map(|_| {
        gateway.wait_for("given back");
        gateway.resident_memory().saturating_sub(before)
    });
    let kept: Vec<_> = kept.take_while(|kept| *kept > 8 << 20).collect();
    assert!(kept.len() < 3, "of {grown} bytes {kept:?} were kept");
}

/// However many requests wait for backends, some descriptors are left for those who accept, and for probes.
#[test]
fn requests_that_wait_leave_descriptors_for_probes_and_new_clients() {
    let (sender, stuck) = channel();
    let port = origin(sender);
    let health = format!("127.0.0.1:{}", 8080 + free_offset());
    let limit = "ulimit -n 600";
    let (_files, mut gateway) = before(port, limit, &["--health", &health]);
    let client = ("127.0.0.1", gateway.port(8080));
    let clients: Vec<_> = (0..6).map(|_| greedy(client)).collect();
    gateway.line("the backend has too many connections");
    assert_eq!(curl(&[&format!("http://{health}/healthz")]).status, 200);
    assert_eq!(curl(&[&gateway.url("/")]).status, 503);
    assert!(gateway.open_files() < 600 - 256, "{}", gateway.open_files());
    drop((clients, stuck));
}
