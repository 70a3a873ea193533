//! A proxy with sockets and codecs of its own (here: threads and a few lines of HTTP/1) that answers by the Gateway API.
//! It has two callbacks, as such proxies do, and keeps what they share in its own context.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use gateway_dataplane::ConnectionInfo;
use gateway_dataplane::head::{Fields, RequestHead, ResponseHead};
use gateway_dataplane::observe::Reason;
use gateway_dataplane::plan::{Answer, Forward, Plan, Planner};
use gateway_dataplane::table::{Destination, SocketKey, Table};
use http::{Request, Response, StatusCode};

/// What stands for a backend: its first endpoint.
type Endpoint = Option<SocketAddr>;

struct Foreign {
    table: Table<Endpoint>,
    planner: Planner,
}

impl Foreign {
    /// The callback for the head of a request, which becomes the one to be sent.
    fn on_request(&self, connection: &ConnectionInfo, head: &mut RequestHead) -> Plan<Endpoint> {
        let table = self.table.socket(&connection.socket);
        let table = table.expect("the socket of a listener");
        // Any good source of random numbers.
        let random = || std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
        self.planner.plan(table, connection, head, random)
    }

    /// The callback for the head of a response.
    fn on_response(&self, context: &Forward<Endpoint>, head: &mut ResponseHead) {
        context.finish(&self.planner, head);
    }

    /// The answer in place of a response that there is not.
    fn on_failure(&self, context: &Forward<Endpoint>, status: StatusCode) -> Answer {
        context.answer(&self.planner, status, Reason::Refused)
    }
}

/// One request of a client, and its answer.
fn serve(proxy: &Foreign, mut client: TcpStream) -> io::Result<()> {
    let socket = SocketKey::tcp(None, 80);
    let connection = ConnectionInfo::new(client.peer_addr()?, socket);
    let mut head = read_request(&client)?;
    let context = match proxy.on_request(&connection, &mut head) {
        Plan::Answer { answer, .. } => return write(&mut client, &answer.head, &answer.text),
        Plan::Forward(context) => context,
    };
    let (status, endpoint) = match context.destination() {
        Destination::Backend(endpoint) => (StatusCode::SERVICE_UNAVAILABLE, *endpoint),
        Destination::Refused(status) => (*status, None),
    };
    match endpoint.map(|endpoint| fetch(endpoint, &head)) {
        Some(Ok((mut head, body))) => {
            proxy.on_response(&context, &mut head);
            write(&mut client, &head, &body)
        }
        _ => {
            let answer = proxy.on_failure(&context, status);
            write(&mut client, &answer.head, &answer.text)
        }
    }
}

fn main() -> io::Result<()> {
    let backend = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ir = embed::ir(&["127.0.0.1"], backend.local_addr()?.port());
    thread::spawn(move || backend.incoming().flatten().try_for_each(echo));
    let proxy = Arc::new(Foreign {
        table: Table::compile(&ir, |b| b.endpoints.first()?.address.ip()),
        planner: Planner::default(),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .try_for_each(|client| serve(&proxy, client))
    });
    for (path, want) in [
        ("/shop/cart", "200 GET /cart"),
        ("/shop/../other", "404 404 Not Found"),
    ] {
        let mut client = TcpStream::connect(address)?;
        write!(client, "GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n")?;
        let (head, body) = read_response(&client)?;
        let said = format!(
            "{} {}",
            head.status.as_u16(),
            String::from_utf8_lossy(&body)
        );
        println!("{path}: {said}");
        assert_eq!(said.trim_end(), want);
    }
    Ok(())
}

/// The backend: says what it was asked for.
fn echo(mut client: TcpStream) -> io::Result<()> {
    let head = read_request(&client)?;
    let said = format!("{} {}", head.method, head.target());
    write(
        &mut client,
        &ResponseHead::new(StatusCode::OK),
        said.as_bytes(),
    )
}

fn fetch(endpoint: SocketAddr, head: &RequestHead) -> io::Result<(ResponseHead, Vec<u8>)> {
    let mut backend = TcpStream::connect(endpoint)?;
    write!(backend, "{} {} HTTP/1.1\r\n", head.method, head.target())?;
    write_fields(&mut backend, &head.fields)?;
    read_response(&backend)
}

fn read_request(stream: &TcpStream) -> io::Result<RequestHead> {
    let (line, fields, _) = read_head(stream)?;
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap_or_default();
    let request = Request::builder().method(next()).uri(next());
    let request = fields
        .iter()
        .fold(request, |r, (name, value)| r.header(name, value));
    let request = request.body(()).map_err(io::Error::other)?;
    Ok(RequestHead::from(&request.into_parts().0))
}

fn read_response(stream: &TcpStream) -> io::Result<(ResponseHead, Vec<u8>)> {
    let (line, fields, mut rest) = read_head(stream)?;
    let response = Response::builder().status(line.split(' ').nth(1).unwrap_or_default());
    let response = fields
        .iter()
        .fold(response, |r, (name, value)| r.header(name, value));
    let response = response.body(()).map_err(io::Error::other)?;
    let mut body = Vec::new();
    rest.read_to_end(&mut body)?;
    Ok((ResponseHead::from(&response.into_parts().0), body))
}

type HeadRead<'a> = (String, Vec<(String, String)>, BufReader<&'a TcpStream>);

fn read_head(stream: &TcpStream) -> io::Result<HeadRead<'_>> {
    let (mut reader, mut first, mut fields) = (BufReader::new(stream), String::new(), vec![]);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
            None => return Ok((first.trim_end().to_owned(), fields, reader)),
        }
    }
}

/// Each connection is for one response, which its end ends.
fn write(stream: &mut TcpStream, head: &ResponseHead, body: &[u8]) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {}\r\n", head.status)?;
    write_fields(stream, &head.fields)?;
    stream.write_all(body)
}

fn write_fields(stream: &mut TcpStream, fields: &Fields) -> io::Result<()> {
    for (name, value) in fields.iter() {
        stream.write_all(&[name.as_bytes(), b": ", value, b"\r\n"].concat())?;
    }
    stream.write_all(b"\r\n")
}
