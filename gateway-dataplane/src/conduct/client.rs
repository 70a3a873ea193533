//! The address of a client behind proxies.

use std::net::IpAddr;

use gateway_resolve::ir::ClientAddress;

use crate::head::{Fields, Known};

/// The client's address, where it is another than that of the connection: out of `X-Forwarded-For`, counted from its end,
/// as each hop adds to it.
pub(crate) fn address(client: ClientAddress, fields: &Fields) -> Option<IpAddr> {
    let ClientAddress {
        of_connection,
        trusted_hops,
        left_alone: _,
    } = client;
    let from_end = match of_connection {
        // The proxy before this one is the connection itself.
        true => trusted_hops.checked_sub(1)?,
        false => trusted_hops,
    };
    let lines = fields.get_all(Known::XForwardedFor);
    let addresses = lines
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    let addresses: Vec<_> = addresses.collect();
    let at = addresses
        .len()
        .checked_sub(1 + usize::try_from(from_end).ok()?)?;
    str::from_utf8(addresses[at]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use gateway_resolve::ir::ClientAddress;

    use super::{Fields, Known, address};

    /// Envoy, `use_remote_address` and `xff_num_trusted_hops`.
    #[test]
    fn the_client_is_as_far_from_the_end_as_there_are_proxies() {
        let rows: [(bool, u32, &[&str], Option<&str>); 9] = [
            (true, 0, &["1.1.1.1, 2.2.2.2"], None),
            (true, 1, &["1.1.1.1, 2.2.2.2"], Some("2.2.2.2")),
            (true, 2, &["1.1.1.1", "2.2.2.2"], Some("1.1.1.1")),
            (true, 3, &["1.1.1.1, 2.2.2.2"], None),
            (false, 0, &["1.1.1.1, 2.2.2.2"], Some("2.2.2.2")),
            (false, 1, &["1.1.1.1,2.2.2.2"], Some("1.1.1.1")),
            (false, 0, &[], None),
            (false, 0, &["1.1.1.1, nobody"], None),
            (false, 0, &["2001:db8::1"], Some("2001:db8::1")),
        ];
        for (of_connection, trusted_hops, lines, want) in rows {
            let mut fields = Fields::new();
            lines
                .iter()
                .for_each(|line| fields.append(Known::XForwardedFor, line.as_bytes()));
            let client = ClientAddress {
                of_connection,
                trusted_hops,
                left_alone: false,
            };
            let want = want.map(|address| address.parse().unwrap());
            assert_eq!(address(client, &fields), want, "{client:?} {lines:?}");
        }
    }
}
