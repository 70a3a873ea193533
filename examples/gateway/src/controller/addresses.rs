//! A pool of addresses, out of which each Gateway gets one of its own.

mod allocator;

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

pub(crate) use allocator::Allocator;

/// Networks and single addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool(Vec<IpNet>);

impl FromStr for Pool {
    type Err = String;

    /// Reads `192.0.2.0/24,2001:db8::7`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |part: &str| {
            let single = part.parse::<IpAddr>().map(IpNet::from);
            single.or_else(|_| part.parse()).map_err(|_| {
                format!("expected an address or a network in CIDR form, found {part:?}")
            })
        };
        text.split(',')
            .map(|part| parse(part.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Pool {
    /// The networks.
    pub(crate) fn networks(&self) -> &[IpNet] {
        &self.0
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The addresses that can be given to a Gateway, in order.
    fn hosts(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().flat_map(IpNet::hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn a_pool_is_written_as_networks_and_addresses() {
        assert!("192.0.2.0/24, 2001:db8::7".parse::<Pool>().is_ok());
        let error = "192.0.2.0/33".parse::<Pool>().unwrap_err();
        assert!(error.contains("192.0.2.0/33"), "{error}");
    }
}
