//! Which sockets a table needs.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::{Applied, Ports, Problem};
use crate::table::{SocketKey, Table};

/// The sockets that a table needs, each with the address to bind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted(Vec<(SocketKey, SocketAddr)>);

impl Wanted {
    /// The sockets of `table`; those without an address listen on all of `addresses`. Of two that
    /// would be one socket, the one that asks for its address has it.
    pub(super) fn of<B>(
        table: &Table<B>,
        addresses: &[IpAddr],
        ports: Ports,
        applied: &mut Applied,
    ) -> Self {
        let mut wanted = Self::default();
        let mut taken = BTreeMap::new();
        let keys = || table.sockets().map(|(key, _)| *key);
        let explicit = keys().filter(|key| key.address.is_some());
        let default = keys().filter(|key| key.address.is_none());
        for key in explicit.chain(default) {
            let Some(port) = ports.port(key.port) else {
                applied.note_unbound(key, &Problem::Port { port: key.port });
                continue;
            };
            let own = key.address.map(|address| vec![address]);
            for address in own.unwrap_or_else(|| addresses.to_vec()) {
                let address = SocketAddr::new(address, port);
                match taken.insert((address.ip(), key.port, key.transport), key) {
                    None => wanted.0.push((key, address)),
                    Some(other) => applied.note_unbound(key, &Problem::Taken { address, other }),
                }
            }
        }
        wanted
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = (SocketKey, SocketAddr)> {
        self.0.iter().copied()
    }

    /// Who a socket on `address`, opened for `key` which does not want it any more, is handed to: the socket of the
    /// table that wants the same address, or else the one that wants all addresses. What arrives meanwhile would be
    /// lost with it.
    pub(super) fn heir(&self, key: SocketKey, address: SocketAddr) -> Option<SocketKey> {
        let covers = |other: SocketAddr| other.ip().is_unspecified() && meet(other, address);
        let equal = self.find(key, |other| other == address);
        equal.or_else(|| self.find(key, covers))
    }

    /// Is a part of what `address` is for wanted by itself?
    pub(super) fn splits(&self, key: SocketKey, address: SocketAddr) -> bool {
        let part = |other| address.ip().is_unspecified() && meet(other, address);
        self.find(key, part).is_some()
    }

    /// Of the same transport as `key`, on a port that is given.
    fn find(&self, key: SocketKey, fits: impl Fn(SocketAddr) -> bool) -> Option<SocketKey> {
        let mut others = self.sockets();
        let fits = |(other, address): &(SocketKey, SocketAddr)| {
            other.transport == key.transport && address.port() != 0 && fits(*address)
        };
        others.find(fits).map(|(key, _)| key)
    }
}

/// Have they the port and the family in common?
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.is_ipv4() == other.is_ipv4()
}

impl Ports {
    /// The port to open for `port`; `None`: there is none.
    fn port(self, port: u16) -> Option<u16> {
        match self {
            Self::Offset(offset) => port.checked_add(offset),
            Self::Any => Some(0),
        }
    }
}
