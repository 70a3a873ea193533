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
