//! The text of an address, made for each connection.

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

/// The longest is an IPv6 address that ends in one of IPv4.
const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

/// An address as text, kept in place.
#[derive(Clone, Copy)]
pub(super) struct Address {
    text: [u8; LONGEST],
    length: u8,
}

impl Address {
    pub(super) fn new(address: IpAddr) -> Self {
        let mut text = [0; LONGEST];
        let length = match address {
            IpAddr::V4(address) => dotted(address, &mut text),
            IpAddr::V6(address) => {
                let mut rest = &mut text[..];
                let _fits = write!(rest, "{address}");
                LONGEST - rest.len()
            }
        };
        let length = length as u8;
        Self { text, length }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length.into()]
    }
}

/// Writes what `Display` would, without its detours.
fn dotted(address: Ipv4Addr, text: &mut [u8; LONGEST]) -> usize {
    let mut at = 0;
    let mut put = |byte: u8| {
        text[at] = byte;
        at += 1;
    };
    for (index, number) in address.octets().into_iter().enumerate() {
        if index > 0 {
            put(b'.');
        }
        if number >= 100 {
            put(b'0' + number / 100);
        }
        if number >= 10 {
            put(b'0' + number / 10 % 10);
        }
        put(b'0' + number % 10);
    }
    at
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.as_bytes()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::Address;

    #[test]
    fn addresses_are_written_as_usual() {
        let octets = [0, 1, 9, 10, 11, 99, 100, 101, 199, 200, 255];
        let v4 = octets
            .iter()
            .flat_map(|a| octets.map(|b| IpAddr::from([*a, b, 7, 255 - a])));
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let v6 =
            ["::1", "2001:db8::ff", longest, "::ffff:1.2.3.4"].map(|text| text.parse().unwrap());
        for address in v4.chain(v6) {
            assert_eq!(
                Address::new(address).as_bytes(),
                address.to_string().as_bytes()
            );
        }
    }
}
