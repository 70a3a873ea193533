//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted; the kernel may lower it (`net.core.somaxconn`).
const BACKLOG: i32 = 4_096;

/// One socket for each of `workers` on `address`; the kernel spreads connections over them. With
/// port 0 all get the port that the first was given.
///
/// # Errors
/// The address is not this machine's, the port is taken or needs privileges, and so on. `alone`:
/// sockets that share the port with another process count as taken.
pub(crate) fn listen(
    address: SocketAddr,
    workers: usize,
    alone: bool,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
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

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::listen;

    #[test]
    fn all_workers_listen_on_one_port() {
        let (bound, sockets) = listen("127.0.0.1:0".parse().unwrap(), 3, true).unwrap();
        assert_ne!(bound.port(), 0);
        for socket in &sockets {
            assert_eq!(socket.local_addr().unwrap(), bound);
        }
    }

    #[test]
    fn a_port_that_somebody_else_shares_is_taken() {
        let (bound, _sockets) = listen("127.0.0.1:0".parse().unwrap(), 1, true).unwrap();
        let error = listen(bound, 1, true).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        assert!(listen(bound, 1, false).is_ok());
    }
}
