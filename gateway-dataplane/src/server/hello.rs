//! The ClientHello, which says who a TLS connection is for before anybody answers it.

use std::io;

use rustls::AlertDescription;
use rustls::server::{Accepted, Acceptor};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A ClientHello, with all that was read of its connection.
pub(super) struct Hello {
    pub(super) accepted: Accepted,
    /// The records that it came in.
    pub(super) bytes: Vec<u8>,
}

/// Why there is no ClientHello.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHello {
    /// The connection ended, or broke.
    #[error("the connection was closed before the end of the ClientHello")]
    Closed(#[from] io::Error),
    /// It goes on for too long.
    #[error("the ClientHello has more than {0} bytes")]
    TooLong(usize),
    /// Something else came.
    #[error("no ClientHello: {0}")]
    Bad(#[from] rustls::Error),
}

/// Type, version and length of a record (RFC 8446 section 5.1).
const RECORD_HEADER: usize = 5;
/// Most ClientHellos fit, those with a post-quantum key share too.
const USUAL: usize = 2 << 10;

impl Hello {
    /// Reads a ClientHello of at most `limit` bytes, and not a byte more. Who sends something else is told so.
    pub(super) async fn read<S>(stream: &mut S, limit: usize) -> Result<Self, NoHello>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut acceptor, mut bytes) = (Acceptor::default(), Vec::with_capacity(USUAL));
        let mut wanted = RECORD_HEADER;
        let mut in_header = true;
        loop {
            let start = bytes.len();
            if start + wanted > limit {
                alert(stream, AlertDescription::HandshakeFailure).await?;
                return Err(NoHello::TooLong(limit));
            }
            bytes.resize(start + wanted, 0);
            stream.read_exact(&mut bytes[start..]).await?;
            match take(&mut acceptor, &bytes[start..]) {
                Ok(Some(accepted)) => return Ok(Self { accepted, bytes }),
                Ok(None) => {}
                Err((error, alert)) => {
                    stream.write_all(&alert).await?;
                    return Err(error);
                }
            }
            wanted = match (in_header, &bytes[start..]) {
                (true, [.., high, low]) => u16::from_be_bytes([*high, *low]).into(),
                _ => RECORD_HEADER,
            };
            in_header = !in_header;
        }
    }
}

/// Looks at what was read; an error comes with the alert that is due.
fn take(acceptor: &mut Acceptor, mut read: &[u8]) -> Result<Option<Accepted>, (NoHello, Vec<u8>)> {
    while !read.is_empty() {
        let taken = acceptor.read_tls(&mut read);
        taken.map_err(|error| (error.into(), Vec::new()))?;
        match acceptor.accept() {
            Ok(None) => {}
            Ok(accepted) => return Ok(accepted),
            Err((error, mut alert)) => {
                let mut bytes = Vec::new();
                let _never_fails = alert.write_all(&mut bytes);
                if bytes.is_empty() {
                    bytes = alert_record(AlertDescription::UnexpectedMessage).into();
                }
                return Err((error.into(), bytes));
            }
        }
    }
    Ok(None)
}

/// Tells a client why its connection is closed, before any key is agreed on.
pub(super) async fn alert<S>(stream: &mut S, description: AlertDescription) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    stream.write_all(&alert_record(description)).await
}

/// A fatal alert in clear (RFC 8446 section 6).
fn alert_record(description: AlertDescription) -> [u8; 7] {
    const ALERT: u8 = 21;
    const FATAL: u8 = 2;
    [ALERT, 3, 3, 0, 2, FATAL, description.into()]
}

#[cfg(test)]
mod tests;
