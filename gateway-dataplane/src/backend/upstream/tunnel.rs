//! Asking an endpoint for a tunnel (RFC 9110 section 9.3.6).

use std::io;

use gateway_resolve::ir::TunnelThrough;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The head of an answer is no longer than that.
const HEAD: usize = 16 << 10;

/// Asks for the tunnel over `stream`, which is the tunnel from then on.
///
/// # Errors
/// It is refused, or what comes is no answer.
pub(super) async fn begin<S>(stream: &mut S, asked: &TunnelThrough) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = &asked.authority;
    let mut head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    for (name, value) in &asked.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_str().as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await?;
    stream.flush().await?;
    let status = status(stream).await?;
    match (200..300).contains(&status) {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "asked for a tunnel, it answered {status}"
        ))),
    }
}

/// Reads the head of an answer byte by byte, as what follows it belongs to the tunnel.
async fn status<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<u16> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if read.len() >= HEAD {
            return Err(io::Error::other(
                "asked for a tunnel, its answer is too long",
            ));
        }
        read.push(stream.read_u8().await?);
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut fields);
    let parsed = answer.parse(&read);
    parsed.map_err(|_| io::Error::other("asked for a tunnel, its answer is not HTTP"))?;
    Ok(answer.code.unwrap_or_default())
}
