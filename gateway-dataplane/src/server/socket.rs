//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use gateway_resolve::ir::{SocketMoment, SocketOption, SocketValue, Transport};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

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
    options: &[SocketOption],
) -> io::Result<(SocketAddr, Vec<Listen>)> {
    let open = |address, shared| match transport {
        Transport::Tcp => open_tcp(address, shared, options).map(Listen::Tcp),
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

/// Accepted sockets inherit what is set here.
fn open_tcp(
    address: SocketAddr,
    shared: bool,
    options: &[SocketOption],
) -> io::Result<TcpListener> {
    let socket = open(address, shared, Type::STREAM, Protocol::TCP)?;
    let set_due = |when| {
        let due = options.iter().filter(|option| option.when == when);
        due.map(|option| &option.value)
            .try_for_each(|value| set(&socket, value))
    };
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    set_due(SocketMoment::Unbound)?;
    socket.bind(&address.into())?;
    set_due(SocketMoment::Bound)?;
    socket.listen(BACKLOG)?;
    set_due(SocketMoment::Listening)?;
    Ok(socket.into())
}

/// Sets an option that a listener asks for.
fn set(socket: &Socket, value: &SocketValue) -> io::Result<()> {
    let keepalive = TcpKeepalive::new();
    let size = |bytes: &u32| *bytes as usize;
    match value {
        SocketValue::ReuseAddress(on) => socket.set_reuse_address(*on),
        SocketValue::KeepAlive(on) => socket.set_keepalive(*on),
        SocketValue::ReceiveBuffer(bytes) => socket.set_recv_buffer_size(size(bytes)),
        SocketValue::SendBuffer(bytes) => socket.set_send_buffer_size(size(bytes)),
        SocketValue::Priority(priority) => socket.set_priority(*priority),
        SocketValue::Mark(mark) => socket.set_mark(*mark),
        SocketValue::Device(name) => socket.bind_device(Some(name.as_bytes())),
        SocketValue::NoDelay(on) => socket.set_tcp_nodelay(*on),
        SocketValue::SegmentSize(bytes) => socket.set_tcp_mss(*bytes),
        SocketValue::KeepIdle(time) => socket.set_tcp_keepalive(&keepalive.with_time(*time)),
        SocketValue::KeepInterval(time) => {
            socket.set_tcp_keepalive(&keepalive.with_interval(*time))
        }
        SocketValue::KeepCount(count) => socket.set_tcp_keepalive(&keepalive.with_retries(*count)),
        SocketValue::UserTimeout(time) => socket.set_tcp_user_timeout(Some(*time)),
        SocketValue::Congestion(name) => socket.set_tcp_congestion(name.as_bytes()),
        SocketValue::TypeOfService(kind) => socket.set_tos_v4(*kind),
        SocketValue::TimeToLive(hops) => socket.set_ttl_v4(*hops),
        SocketValue::FreeBind(on) => socket.set_freebind_v4(*on),
        SocketValue::TrafficClass(class) => socket.set_tclass_v6(*class),
    }
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
    use std::time::Duration;

    use gateway_resolve::ir::{SocketMoment, SocketOption, SocketValue, Transport};

    use super::{Listen, listen};

    const BOTH: [Transport; 2] = [Transport::Tcp, Transport::Udp];

    #[test]
    fn all_workers_listen_on_one_port() {
        for transport in BOTH {
            let (bound, sockets) =
                listen(transport, "127.0.0.1:0".parse().unwrap(), 3, true, &[]).unwrap();
            assert_ne!(bound.port(), 0);
            for socket in &sockets {
                assert_eq!(socket.local_addr().unwrap(), bound);
            }
        }
    }

    /// `socket(7)` and `tcp(7)`.
    #[test]
    fn options_are_set_on_the_socket() {
        let option = |value, when| SocketOption { value, when };
        let options = [
            option(SocketValue::KeepAlive(true), SocketMoment::Unbound),
            option(
                SocketValue::KeepIdle(Duration::from_secs(33)),
                SocketMoment::Bound,
            ),
            option(SocketValue::KeepCount(7), SocketMoment::Listening),
            option(SocketValue::NoDelay(false), SocketMoment::Listening),
        ];
        let address = "127.0.0.1:0".parse().unwrap();
        let (_, sockets) = listen(Transport::Tcp, address, 1, true, &options).unwrap();
        let Listen::Tcp(socket) = &sockets[0] else {
            panic!("a socket of UDP");
        };
        let socket = socket2::SockRef::from(socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(33)
        );
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 7);
        assert!(!socket.tcp_nodelay().unwrap());
    }

    #[test]
    fn a_port_that_somebody_else_shares_is_taken() {
        for transport in BOTH {
            let (bound, _sockets) =
                listen(transport, "127.0.0.1:0".parse().unwrap(), 1, true, &[]).unwrap();
            let error = listen(transport, bound, 1, true, &[]).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
            assert!(listen(transport, bound, 1, false, &[]).is_ok());
        }
    }
}
