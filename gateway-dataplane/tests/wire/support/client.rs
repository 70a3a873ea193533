//! A client that sends bytes as they are.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

pub(crate) struct Client {
    stream: TcpStream,
    ahead: Vec<u8>,
}

/// A response as it was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    /// As it was framed.
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// The first value of a header in a head that is in lower case.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().skip(1);
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

impl Client {
    pub(crate) async fn connect(at: SocketAddr) -> Self {
        Self::over(soon("a connection", TcpStream::connect(at)).await.unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    /// Sends `bytes`, or as much as the other side takes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref());
        let _refused = soon("room to send", sent).await;
    }

    /// Reads a response that is not interim.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = self.try_answer().await;
        answer.expect("a response, not the end of the connection")
    }

    /// `None`: the connection closed instead.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        loop {
            if self.ahead.is_empty() && !self.more().await {
                return None;
            }
            let head = self.head().await;
            let status = status(&head);
            if status < 200 {
                continue;
            }
            let body = match (header(&head, "content-length"), status) {
                (_, 204 | 304) => String::new(),
                (Some(length), _) => self.exactly(length.parse().unwrap()).await,
                (None, _) if head.contains("transfer-encoding: chunked") => {
                    self.until("0\r\n\r\n").await
                }
                (None, _) => self.rest().await,
            };
            return Some(Answer { status, head, body });
        }
    }

    /// Reads a head, interim or not, in lower case.
    pub(crate) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await.to_ascii_lowercase()
    }

    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            let mut windows = self.ahead.windows(end.len());
            if let Some(at) = windows.position(|w| w == end.as_bytes()) {
                return self.take(at + end.len());
            }
            let more = self.more().await;
            assert!(more, "closed before {end:?}: {:?}", self.ahead);
        }
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> String {
        while self.ahead.len() < length {
            let more = self.more().await;
            assert!(more, "closed within {length} bytes: {:?}", self.ahead);
        }
        self.take(length)
    }

    pub(crate) async fn exact_bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.ahead.len() < length {
            if !self.more().await {
                return None;
            }
        }
        Some(self.ahead.drain(..length).collect())
    }

    /// Reads until the connection closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        self.take(self.ahead.len())
    }

    /// The same, of bytes that are no text.
    pub(crate) async fn rest_bytes(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.ahead)
    }

    /// The connection closes without another byte.
    pub(crate) async fn closes(&mut self) {
        let rest = self.rest().await;
        assert_eq!(rest, "");
    }

    fn take(&mut self, length: usize) -> String {
        let bytes: Vec<_> = self.ahead.drain(..length).collect();
        String::from_utf8(bytes).unwrap()
    }

    /// False: closed or reset.
    async fn more(&mut self) -> bool {
        let read = soon("bytes", self.stream.read_buf(&mut self.ahead)).await;
        read.is_ok_and(|read| read > 0)
    }
}

pub(crate) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().trim().parse().unwrap()
}
