//! HTTP/2 frame by frame.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::Rig;
use super::client::Client;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Error codes (RFC 9113 section 7).
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What a stream came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A response with this status.
    Status(u16),
    /// The stream was reset with this code.
    Reset(u32),
    /// The connection was ended with this code.
    GoAway(u32),
    /// The connection was closed without a word.
    Closed,
}

pub(crate) struct H2 {
    client: Client,
}

impl H2 {
    /// A connection with the preface sent.
    pub(crate) async fn connect(rig: &Rig) -> Self {
        Self::to(rig.at).await
    }

    /// The same, to whoever listens.
    pub(crate) async fn to(at: SocketAddr) -> Self {
        let mut client = Client::connect(at).await;
        client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let mut h2 = Self { client };
        h2.frame(SETTINGS, 0, 0, []).await;
        h2
    }

    /// What is under the frames.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    /// The server's side of a connection, with the preface read and settings sent.
    pub(crate) async fn accept(stream: TcpStream) -> Self {
        let mut client = Client::over(stream);
        client.exact_bytes(24).await;
        let mut h2 = Self { client };
        h2.frame(SETTINGS, 0, 0, []).await;
        h2
    }

    /// The next head of a request; `None`: the connection was closed.
    pub(crate) async fn asked(&mut self) -> Option<Frame> {
        loop {
            let frame = self.read().await?;
            if frame.kind == HEADERS {
                return Some(frame);
            }
        }
    }

    /// Answers with a status alone.
    pub(crate) async fn answer(&mut self, stream: u32, status: &str) {
        let head = block(&[(":status", status)]);
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, head)
            .await;
    }

    pub(crate) async fn frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: impl AsRef<[u8]>,
    ) {
        self.send(frame(kind, flags, stream, payload)).await;
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.send(bytes).await;
    }

    /// Sends a request without a body.
    pub(crate) async fn request(&mut self, stream: u32, fields: &[(&str, &str)]) {
        let flags = END_HEADERS | END_STREAM;
        self.frame(HEADERS, flags, stream, block(fields)).await;
    }

    /// Reads on until it is known what becomes of `stream`.
    pub(crate) async fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.read().await {
            match frame.kind {
                HEADERS if frame.stream == stream => {
                    return Outcome::Status(status(&frame.payload));
                }
                RST_STREAM if frame.stream == stream => {
                    return Outcome::Reset(code(&frame.payload));
                }
                GOAWAY => return Outcome::GoAway(code(&frame.payload[4..])),
                _ => {}
            }
        }
        Outcome::Closed
    }

    /// The next frame; `None`: the connection was closed. Settings and pings are acknowledged.
    pub(crate) async fn read(&mut self) -> Option<Frame> {
        let head = self.client.exact_bytes(9).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let payload = self.client.exact_bytes(length as usize).await?;
        let frame = Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        };
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            self.frame(SETTINGS, ACK, 0, []).await;
        }
        if frame.kind == PING && frame.flags & ACK == 0 {
            self.frame(PING, ACK, 0, &frame.payload).await;
        }
        Some(frame)
    }
}

/// The four pseudo-headers of a `GET`.
pub(crate) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a.example"),
];

/// [`GET`] and more fields.
pub(crate) fn get_with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&GET, more].concat()
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Fields as literals that are not indexed (RFC 7541 section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        text(&mut bytes, name);
        text(&mut bytes, value);
    }
    bytes
}

/// A string without Huffman coding (RFC 7541 sections 5.1 and 5.2).
fn text(bytes: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        bytes.push(length as u8);
    } else {
        bytes.push(127);
        length -= 127;
        while length >= 128 {
            bytes.push((length % 128 + 128) as u8);
            length /= 128;
        }
        bytes.push(length as u8);
    }
    bytes.extend(text.as_bytes());
}

/// The number that a payload begins with.
pub(crate) fn code(payload: &[u8]) -> u32 {
    u32::from_be_bytes([payload[0], payload[1], payload[2], payload[3]])
}

/// The `:status` that a header block starts with: indexed, or a literal of three digits.
fn status(block: &[u8]) -> u16 {
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    // An update of the table's size may come first.
    let block = match block[0] & 0xe0 {
        0x20 => &block[1..],
        _ => block,
    };
    match block[0] {
        index @ 0x88..=0x8e => INDEXED[usize::from(index - 0x88)],
        0x48 | 0x08 if block[1] & 0x80 != 0 => huffman_digits(&block[2..]),
        0x48 | 0x08 => std::str::from_utf8(&block[2..5]).unwrap().parse().unwrap(),
        other => panic!("{other:#x} is not how a response starts"),
    }
}

/// Three digits in the code of RFC 7541 appendix B.
fn huffman_digits(bytes: &[u8]) -> u16 {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let bits = u32::from_be_bytes([byte(0), byte(1), byte(2), 0]);
    let (mut at, mut number) = (0, 0);
    for _ in 0..3 {
        let five = (bits << at) >> 27;
        let six = (bits << at) >> 26;
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => (six - 0x19 + 3, 6),
        };
        at += length;
        number = number * 10 + digit as u16;
    }
    number
}
