//! Pingora answers by the Gateway API: its sockets, codecs and connections, and the plan of `gateway-dataplane`, which
//! comes without a proxy here. Asks itself, and fails if an answer isn't as the routes say.

mod proxy;

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use gateway_dataplane::plan::Planner;
use gateway_dataplane::table::{SocketKey, Table};
use gateway_model::{Timestamp, parse};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Config, Snapshot, resolve};
use pingora_core::server::Server;

use proxy::Gateway;

const MANIFESTS: &str = include_str!("../manifests.yaml");

/// A request, and lines that its answer has.
const CASES: &[(&str, &[&str])] = &[
    (
        "GET /shop/cart?x=1 HTTP/1.1\r\nhost: a.example\r\n",
        &[
            "HTTP/1.1 200 OK",
            "x-shop: yes",
            "GET /cart?x=1 HTTP/1.1",
            "x-forwarded-host: a.example",
            "x-tried: 1",
        ],
    ),
    (
        "GET /shop/%2e%2e/none HTTP/1.1\r\nhost: a.example\r\n",
        &["HTTP/1.1 404 Not Found"],
    ),
    (
        // With the port of the listener, not of this socket.
        "GET /old HTTP/1.1\r\nhost: a.example\r\n",
        &["HTTP/1.1 302 Found", "location: http://b.example:8080/old"],
    ),
    (
        "GET /shop/cart HTTP/1.1\r\nhost: a.example\r\norigin: https://c.example\r\n",
        &[
            "HTTP/1.1 200 OK",
            "access-control-allow-origin: https://c.example",
        ],
    ),
    (
        "OPTIONS /shop HTTP/1.1\r\nhost: a.example\r\nmax-forwards: 0\r\n",
        &["HTTP/1.1 200 OK", "server: gateway"],
    ),
    (
        "GET /gone HTTP/1.1\r\nhost: a.example\r\n",
        &["HTTP/1.1 500 Internal Server Error"],
    ),
    (
        "GET /down HTTP/1.1\r\nhost: a.example\r\n",
        &["HTTP/1.1 503 Service Unavailable"],
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let backend = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ir = ir(backend.local_addr()?.port(), free()?.port());
    thread::spawn(move || backend.incoming().flatten().try_for_each(echo));
    let address = serve(&ir)?;
    for (request, wanted) in CASES {
        let answer = ask(address, request)?;
        println!(
            "{}: {}",
            request.lines().next().unwrap_or_default(),
            answer.lines().next().unwrap_or_default()
        );
        for line in *wanted {
            let has = answer.lines().any(|l| l.eq_ignore_ascii_case(line));
            assert!(has, "{line} is not in\n{answer}\nto\n{request}");
        }
    }
    Ok(())
}

/// What `port` and `down` stand for in the manifests: a server, and nobody.
fn ir(port: u16, down: u16) -> Ir {
    let manifests = MANIFESTS
        .replace("@PORT", &port.to_string())
        .replace("@DOWN", &down.to_string());
    let loaded = parse("pingora.yaml", manifests.as_bytes());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let snapshot = Snapshot::from_resources(loaded.resources.into_iter().map(|l| l.resource));
    let resolution = resolve(&snapshot, &Config::default(), Timestamp::UNIX_EPOCH);
    // This program speaks no TLS, and has a resolver that reads no certificates, which says so.
    let said: Vec<_> = resolution
        .statuses
        .findings()
        .map(ToString::to_string)
        .collect();
    let of_listener = said
        .iter()
        .find(|said| said.contains("InvalidCertificateRef"));
    assert!(
        of_listener.is_some_and(|said| said.contains("without the feature certificates")),
        "{said:?}"
    );
    resolution.ir
}

/// Starts pingora, which runs until the process ends.
fn serve(ir: &Ir) -> Result<SocketAddr, Box<dyn Error>> {
    let gateway = Gateway {
        table: Table::compile(ir, |backend| backend.endpoints.first()?.address.ip()),
        planner: Planner::default(),
        socket: SocketKey::tcp(None, 8080),
    };
    let address = free()?;
    let mut server = Server::new(None)?;
    server.bootstrap();
    let mut service = pingora_proxy::http_proxy_service(&server.configuration, gateway);
    service.add_tcp(&address.to_string());
    server.add_service(service);
    thread::spawn(move || server.run_forever());
    Ok(address)
}

/// An address that nobody listens on.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The answer to a request on a connection of its own.
fn ask(address: SocketAddr, request: &str) -> io::Result<String> {
    let begun = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(address) {
            Err(error) if begun.elapsed() > Duration::from_secs(10) => return Err(error),
            // Pingora says nowhere when it listens.
            Err(_) => thread::sleep(Duration::from_millis(20)),
            Ok(stream) => break stream,
        }
    };
    write!(stream, "{request}connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The backend: says what it was asked, as chunks.
fn echo(mut client: TcpStream) -> io::Result<()> {
    let head = BufReader::new(&client).lines().map_while(Result::ok);
    let head: Vec<_> = head.take_while(|line| !line.is_empty()).collect();
    let said = head.join("\n") + "\n";
    let fields = "connection: close\r\ntransfer-encoding: chunked";
    write!(
        client,
        "HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{:x}\r\n{said}\r\n0\r\n\r\n",
        said.len()
    )
}
