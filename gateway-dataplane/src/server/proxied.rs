//! The PROXY protocol: a header before anything else on a connection, which says where it comes from
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Proxied {
    /// The client's address. `None`: that of the connection.
    pub(super) client: Option<SocketAddr>,
    /// What else it says: types and values, in order.
    pub(super) tlvs: Vec<(u8, Vec<u8>)>,
}

/// Why there is no such header.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproxied {
    /// The connection ended, or broke.
    #[error("the connection was closed before the end of the PROXY header")]
    Closed(#[from] io::Error),
    /// Something else came.
    #[error("no PROXY header")]
    Bad,
}

/// What version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// What version 1 begins with.
const WORD: &[u8] = b"PROXY ";
/// Bytes of the longest header of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// Bytes of the longest header of version 2 that is taken. Its length has 16 bits; who says more than that sends bytes
/// for their own sake.
const LONGEST_BINARY: usize = 4 << 10;

impl Proxied {
    /// Reads a header, and not a byte more.
    pub(super) async fn read(stream: &mut TcpStream) -> Result<Self, Unproxied> {
        let mut start = [0; SIGNATURE.len()];
        stream.read_exact(&mut start).await?;
        if start == SIGNATURE {
            return Self::read_binary(stream).await;
        }
        if !start.starts_with(WORD) {
            return Err(Unproxied::Bad);
        }
        let mut line = start.to_vec();
        while !line.ends_with(b"\n") {
            if line.len() >= LONGEST_LINE {
                return Err(Unproxied::Bad);
            }
            read_on(stream, &mut line).await?;
        }
        of_line(&line).ok_or(Unproxied::Bad)
    }

    async fn read_binary(stream: &mut TcpStream) -> Result<Self, Unproxied> {
        let mut fixed = [0; 4];
        stream.read_exact(&mut fixed).await?;
        let [command, family, high, low] = fixed;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > LONGEST_BINARY {
            return Err(Unproxied::Bad);
        }
        let mut rest = vec![0; length];
        stream.read_exact(&mut rest).await?;
        of_binary(command, family, &rest).ok_or(Unproxied::Bad)
    }
}

/// Reads what there is of a line, up to its end.
async fn read_on(stream: &mut TcpStream, line: &mut Vec<u8>) -> io::Result<()> {
    let mut ahead = [0; LONGEST_LINE];
    let count = stream.peek(&mut ahead[..LONGEST_LINE - line.len()]).await?;
    let end = ahead[..count].iter().position(|byte| *byte == b'\n');
    let taken = end.map_or(count, |end| end + 1).max(1);
    let from = line.len();
    line.resize(from + taken, 0);
    stream.read_exact(&mut line[from..]).await?;
    Ok(())
}

/// Section 2.1.
fn of_line(line: &[u8]) -> Option<Proxied> {
    let line = str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?;
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(Proxied::default());
    }
    let [source, _destination, port, other] =
        [words.next()?, words.next()?, words.next()?, words.next()?];
    let is_digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if words.next().is_some() || !is_digits(port) || other.parse::<u16>().is_err() {
        return None;
    }
    let port: u16 = port.parse().ok()?;
    let address = match family {
        "TCP4" => source.parse::<Ipv4Addr>().ok()?.into(),
        "TCP6" => source.parse::<Ipv6Addr>().ok()?.into(),
        _ => return None,
    };
    Some(Proxied {
        client: Some(SocketAddr::new(address, port)),
        tlvs: Vec::new(),
    })
}

/// Section 2.2.
fn of_binary(command: u8, family: u8, rest: &[u8]) -> Option<Proxied> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let (client, tlvs) = match (command, family) {
        // A check of the proxy's own; what follows is skipped.
        (LOCAL, _) => return Some(Proxied::default()),
        (PROXY, 0x11) => {
            let (addresses, tlvs) = rest.split_at_checked(12)?;
            let address: [u8; 4] = addresses[..4].try_into().ok()?;
            (
                Some((Ipv4Addr::from(address).into(), &addresses[8..10])),
                tlvs,
            )
        }
        (PROXY, 0x21) => {
            let (addresses, tlvs) = rest.split_at_checked(36)?;
            let address: [u8; 16] = addresses[..16].try_into().ok()?;
            (
                Some((Ipv6Addr::from(address).into(), &addresses[32..34])),
                tlvs,
            )
        }
        // No stream of IP: the receiver has to take the connection as it is.
        (PROXY, _) => (None, &[][..]),
        _ => return None,
    };
    let client = client
        .map(|(address, port)| SocketAddr::new(address, u16::from_be_bytes([port[0], port[1]])));
    Some(Proxied {
        client,
        tlvs: of_tlvs(tlvs)?,
    })
}

/// Section 2.2.1: a type, a length, a value.
fn of_tlvs(mut rest: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut tlvs = Vec::new();
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, after) = after.split_at_checked(length)?;
        tlvs.push((*kind, value.to_vec()));
        rest = after;
    }
    rest.is_empty().then_some(tlvs)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::{Proxied, of_binary, of_line, of_tlvs};

    fn client(address: &str) -> Option<Proxied> {
        Some(Proxied {
            client: Some(address.parse().unwrap()),
            tlvs: Vec::new(),
        })
    }

    #[test]
    fn a_line_says_where_a_connection_comes_from() {
        let rows = [
            (
                "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n",
                client("192.0.2.1:1234"),
            ),
            (
                "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n",
                client("[2001:db8::1]:1"),
            ),
            ("PROXY UNKNOWN\r\n", Some(Proxied::default())),
            (
                "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
                Some(Proxied::default()),
            ),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\n", None),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1234\r\n", None),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1234 80 9\r\n", None),
            ("PROXY TCP4 2001:db8::1 192.0.2.2 1234 80\r\n", None),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 80\r\n", None),
            ("PROXY UDP4 192.0.2.1 192.0.2.2 1 80\r\n", None),
            ("PROXY \r\n", None),
        ];
        for (line, want) in rows {
            assert_eq!(of_line(line.as_bytes()), want, "{line:?}");
        }
    }

    #[test]
    fn a_binary_header_says_it_with_more() {
        let mut rest = vec![192, 0, 2, 1, 192, 0, 2, 2, 4, 210, 0, 80];
        assert_eq!(of_binary(0x21, 0x11, &rest), client("192.0.2.1:1234"));
        assert_eq!(of_binary(0x20, 0x11, &rest), Some(Proxied::default()));
        assert_eq!(of_binary(0x21, 0x00, &rest), Some(Proxied::default()));
        assert_eq!(of_binary(0x11, 0x11, &rest), None);
        assert_eq!(of_binary(0x21, 0x11, &rest[..11]), None);
        rest.extend([0xea, 0, 2, b'a', b'b', 4, 0, 0]);
        let proxied = of_binary(0x21, 0x11, &rest).unwrap();
        assert_eq!(proxied.tlvs, [(0xea, b"ab".to_vec()), (4, Vec::new())]);
        rest.push(1);
        assert_eq!(of_binary(0x21, 0x11, &rest), None);
    }

    proptest! {
        #[test]
        fn any_bytes_have_one_reading_or_none(
            command in any::<u8>(),
            family in any::<u8>(),
            rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let _read = (of_binary(command, family, &rest), of_line(&rest));
        }

        #[test]
        fn values_are_read_as_they_were_written(
            tlvs in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..8),
        ) {
            let mut bytes = Vec::new();
            for (kind, value) in &tlvs {
                bytes.push(*kind);
                bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
                bytes.extend(value);
            }
            prop_assert_eq!(of_tlvs(&bytes), Some(tlvs));
        }

        #[test]
        fn a_line_is_read_as_it_was_written(address in any::<std::net::Ipv4Addr>(), port in any::<u16>()) {
            let line = format!("PROXY TCP4 {address} 192.0.2.1 {port} 80\r\n");
            let read = of_line(line.as_bytes()).and_then(|proxied| proxied.client);
            prop_assert_eq!(read, Some(SocketAddr::new(address.into(), port)));
        }
    }
}
