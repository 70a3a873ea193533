//! A backend that keeps every byte that arrives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::soon;

/// What is sent for a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply {
    /// As soon as its head was read.
    pub(crate) early: &'static str,
    /// When it was read whole.
    pub(crate) bytes: &'static str,
    /// The connection closes then.
    pub(crate) last: bool,
}

impl Reply {
    pub(crate) const OK: Self = Self::of("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

    pub(crate) const fn of(bytes: &'static str) -> Self {
        Self {
            early: "",
            bytes,
            last: false,
        }
    }

    /// The same, and the connection closes.
    pub(crate) const fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// Sent as soon as the head was read, and nothing more.
    pub(crate) const fn early(bytes: &'static str) -> Self {
        Self {
            early: bytes,
            ..Self::of("")
        }
    }

    /// The same after these bytes, which are sent as soon as the head was read.
    pub(crate) const fn after(self, early: &'static str) -> Self {
        Self { early, ..self }
    }
}

#[derive(Default)]
struct Log {
    bytes: String,
    /// Whole requests.
    requests: Vec<String>,
    /// Connections that were closed by the proxy.
    ended: usize,
}

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    changes: watch::Receiver<()>,
    task: JoinHandle<()>,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Backend {
    pub(crate) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let (changed, changes) = watch::channel(());
        let shared = (Arc::clone(&log), Arc::new(changed));
        let task = tokio::spawn(async move {
            let mut served = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (log, changed) = shared.clone();
                served.spawn(serve(stream, reply, log, changed));
            }
        });
        Self {
            address,
            log,
            changes,
            task,
        }
    }

    /// All that arrived, over all connections.
    pub(crate) fn bytes(&self) -> String {
        self.log.lock().unwrap().bytes.clone()
    }

    /// The requests that arrived whole, as they were sent, head and names in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().requests.clone()
    }

    /// The only request that arrived.
    pub(crate) fn request(&self) -> String {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// Waits for `text` to arrive.
    pub(crate) async fn gets(&self, text: &str) {
        self.when(text, |log| log.bytes.contains(text)).await;
    }

    /// Waits for this many requests to have arrived whole.
    pub(crate) async fn has_requests(&self, count: usize) {
        self.when("requests", |log| log.requests.len() >= count)
            .await;
    }

    /// Waits for the proxy to close a connection.
    pub(crate) async fn is_left(&self) {
        self.when("the end of a connection", |log| log.ended > 0)
            .await;
    }

    async fn when(&self, what: &str, is: impl Fn(&Log) -> bool) {
        let mut changes = self.changes.clone();
        let seen = changes.wait_for(|()| is(&self.log.lock().unwrap()));
        soon(what, seen).await.unwrap();
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: Reply,
    log: Arc<Mutex<Log>>,
    changed: Arc<watch::Sender<()>>,
) {
    let mut buffer = Vec::new();
    // Was the current request's head answered?
    let mut begun = false;
    let mut closing = false;
    while !closing {
        let from = buffer.len();
        let read = stream.read_buf(&mut buffer).await.unwrap_or(0);
        let new = String::from_utf8_lossy(&buffer[from..]).into_owned();
        log.lock().unwrap().bytes += &new;
        if read == 0 {
            log.lock().unwrap().ended += 1;
            changed.send_replace(());
            return;
        }
        while !closing && head_length(&buffer).is_some() {
            if !begun {
                let _left = stream.write_all(reply.early.as_bytes()).await;
                begun = true;
            }
            let Some(length) = request_length(&buffer) else {
                closing = reply.last && reply.bytes.is_empty();
                break;
            };
            let request: Vec<_> = buffer.drain(..length).collect();
            let request = String::from_utf8_lossy(&request).into_owned();
            log.lock().unwrap().requests.push(request);
            let _left = stream.write_all(reply.bytes.as_bytes()).await;
            begun = false;
            closing = reply.last;
        }
        changed.send_replace(());
    }
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    Some(bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4)
}

/// The length of the first request, once it is there whole.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = head_length(bytes)?;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = match super::client::header(&text, "content-length") {
        Some(length) => length.parse().unwrap(),
        None if text.contains("\r\ntransfer-encoding: chunked\r\n") => {
            chunked_length(&bytes[head..])?
        }
        None => 0,
    };
    (bytes.len() >= head + body).then_some(head + body)
}

/// The length of a chunked body with its trailers.
fn chunked_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            let trailers = &rest[line..];
            return Some(at + line + trailers.windows(4).position(|w| w == b"\r\n\r\n")? + 4);
        }
        at += line + 2 + size + 2;
    }
}
