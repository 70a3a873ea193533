//! The header that tells an endpoint who its client is ("The PROXY protocol", versions 1 and 2).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use gateway_resolve::ir::ProxyHeader;

/// The two ends of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The client.
    pub(crate) from: SocketAddr,
    /// Where it connected to.
    pub(crate) to: SocketAddr,
}

/// The header for a connection on behalf of a client; `None`: it is the gateway's own.
pub(super) fn header(version: ProxyHeader, ends: Option<Ends>) -> Vec<u8> {
    match version {
        ProxyHeader::V2 => binary(ends),
        ProxyHeader::V1 => text(ends).into_bytes(),
    }
}

fn text(ends: Option<Ends>) -> String {
    let Some(Ends { from, to }) = ends else {
        return "PROXY UNKNOWN\r\n".to_owned();
    };
    let (family, source, destination) = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ("TCP4", from.to_string(), to.to_string()),
        (from, to) => ("TCP6", mapped(from).to_string(), mapped(to).to_string()),
    };
    format!(
        "PROXY {family} {source} {destination} {} {}\r\n",
        from.port(),
        to.port()
    )
}

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

fn binary(ends: Option<Ends>) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    let Some(Ends { from, to }) = ends else {
        // LOCAL, of no family.
        header.extend([0x20, 0, 0, 0]);
        return header;
    };
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            header.extend([0x21, 0x11, 0, 12]);
            header.extend(from.octets());
            header.extend(to.octets());
        }
        (from, to) => {
            header.extend([0x21, 0x21, 0, 36]);
            header.extend(mapped(from).octets());
            header.extend(mapped(to).octets());
        }
    }
    header.extend(from.port().to_be_bytes());
    header.extend(to.port().to_be_bytes());
    header
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(from: &str, to: &str) -> Option<Ends> {
        Some(Ends {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        })
    }

    /// "The PROXY protocol" (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>), section 2.1.
    #[test]
    fn version_1_is_a_line() {
        let line = |ends| String::from_utf8(header(ProxyHeader::V1, ends)).unwrap();
        let four = ends("192.0.2.1:1234", "192.0.2.2:80");
        assert_eq!(line(four), "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n");
        let six = ends("[2001:db8::1]:1", "192.0.2.2:80");
        assert_eq!(
            line(six),
            "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1 80\r\n"
        );
        assert_eq!(line(None), "PROXY UNKNOWN\r\n");
    }

    /// "The PROXY protocol" (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>), section 2.2.
    #[test]
    fn version_2_is_binary() {
        let got = header(ProxyHeader::V2, ends("192.0.2.1:258", "192.0.2.2:80"));
        assert_eq!(got[..12], SIGNATURE);
        let rest = [0x21, 0x11, 0, 12, 192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 0, 80];
        assert_eq!(got[12..], rest);
        let six = header(ProxyHeader::V2, ends("[::1]:1", "[::2]:2"));
        assert_eq!((six[13], six.len()), (0x21, 16 + 36));
        assert_eq!(header(ProxyHeader::V2, None)[12..], [0x20, 0, 0, 0]);
    }
}
