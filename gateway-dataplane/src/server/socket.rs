//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use gateway_resolve::ir::Transport;
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted; the kernel may lower it (`net.core.somaxconn`).
const BACKLOG: i32 = 4_096;

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listen {
    /// For connections.
    Tcp(TcpListener),
    /// For datagrams.
    Udp(UdpSocket),
}

impl Listen {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(socket) => socket.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        }
    }
}

/// One socket for each of `workers` on `address`; the kernel spreads connections and clients over them. With
/// port 0 all get the port that the first was given.
///
/// # Errors
/// The address is not this machine's, the port is taken or needs privileges, and so on. `alone`:
/// sockets that share the port with another process count as taken.
pub(crate) fn listen(
    transport: Transport,
    address: SocketAddr,
    workers: usize,
    alone: bool,
) -> io::Result<(SocketAddr, Vec<Listen>)> {
    let open = |address, shared| match transport {
        Transport::Tcp => open_tcp(address, shared).map(Listen::Tcp),
        Transport::Udp => open_udp(address, shared).map(Listen::Udp),
    };
    if alone && address.port() != 0 {
        // A socket that shares its port with nobody finds out who has it already.
        drop(open(address, false)?);
    }
    let first = open(address, true)?;
    let bound = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..workers {
        sockets.push(open(bound, true)?);
    }
    Ok((bound, sockets))
}

fn open_udp(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let socket = open(address, shared, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn open_tcp(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = open(address, shared, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn open(address: SocketAddr, shared: bool, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use gateway_resolve::ir::Transport;

    use super::listen;

    const BOTH: [Transport; 2] = [Transport::Tcp, Transport::Udp];

    #[test]
    fn all_workers_listen_on_one_port() {
        for transport in BOTH {
            let (bound, sockets) =
                listen(transport, "127.0.0.1:0".parse().unwrap(), 3, true).unwrap();
            assert_ne!(bound.port(), 0);
            for socket in &sockets {
                assert_eq!(socket.local_addr().unwrap(), bound);
            }
        }
    }

    #[test]
    fn a_port_that_somebody_else_shares_is_taken() {
        for transport in BOTH {
            let (bound, _sockets) =
                listen(transport, "127.0.0.1:0".parse().unwrap(), 1, true).unwrap();
            let error = listen(transport, bound, 1, true).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
            assert!(listen(transport, bound, 1, false).is_ok());
        }
    }
}
