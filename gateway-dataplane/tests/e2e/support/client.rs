//! Clients that show what is on the wire.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection on which bytes are written and read as they are.
pub(crate) struct Raw<S = TcpStream> {
    pub(crate) stream: S,
    /// Read and not looked at yet.
    ahead: Vec<u8>,
}

/// A response as it was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// The same; false: the other side takes no more.
    pub(crate) async fn try_send(&mut self, bytes: &str) -> bool {
        self.stream.write_all(bytes.as_bytes()).await.is_ok()
    }

    /// Sends a request without a body and reads the response.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n"))
            .await;
        self.answer().await
    }

    /// Reads a response; its body has a length or ends with the connection.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer()
            .await
            .expect("the connection was closed instead of an answer")
    }

    /// `None`: the connection was closed instead.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        let head = self.until("\r\n\r\n").await?.to_ascii_lowercase();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap();
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map(|length| length.parse().unwrap());
        answer.body = match length {
            Some(length) => self.exactly(length).await,
            None if answer.head.contains("transfer-encoding: chunked") => self.chunks().await,
            None if (100..200).contains(&status) || [204, 304].contains(&status) => String::new(),
            None => self.rest().await,
        };
        Some(answer)
    }

    /// Reads to and including `end`; `None` when the connection closes first.
    pub(crate) async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            let found = self
                .ahead
                .windows(end.len())
                .position(|w| w == end.as_bytes());
            if let Some(at) = found {
                let read: Vec<_> = self.ahead.drain(..at + end.len()).collect();
                return Some(String::from_utf8(read).unwrap());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Reads a number of bytes.
    pub(crate) async fn exactly(&mut self, length: usize) -> String {
        while self.ahead.len() < length {
            assert!(self.more().await, "the connection was closed within a body");
        }
        String::from_utf8(self.ahead.drain(..length).collect()).unwrap()
    }

    /// Reads until the connection closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8(std::mem::take(&mut self.ahead)).unwrap()
    }

    /// The content of a chunked body, then its trailers as they are.
    async fn chunks(&mut self) -> String {
        let mut content = String::new();
        loop {
            let size = self.until("\r\n").await.expect("a chunk");
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            if size == 0 {
                break;
            }
            content += &self.exactly(size).await;
            self.until("\r\n").await;
        }
        loop {
            let line = self.until("\r\n").await.expect("the end of the trailers");
            if line == "\r\n" {
                return content;
            }
            content += &line;
        }
    }

    async fn more(&mut self) -> bool {
        self.stream
            .read_buf(&mut self.ahead)
            .await
            .is_ok_and(|read| read > 0)
    }
}

/// One request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    Raw::connect(address).await.get(path).await
}

/// A connection of HTTP/2 by prior knowledge.
pub(crate) async fn http2(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}
