//! The socket that clients send to.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A client: where it sends from, and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    /// The address of this machine that it sends to; `None` where the socket has one alone.
    to: Option<IpAddr>,
}

/// The socket. Where it is bound to all addresses of this machine, answers leave from the one that was asked
/// (RFC 1122 section 4.1.3.5), as clients take them from no other.
pub(super) struct Door {
    socket: UdpSocket,
    has_many: bool,
}

/// Where the system says to which address a datagram came.
pub(super) struct Told(Box<[u8]>);

impl Told {
    pub(super) fn new() -> Self {
        Self(nix::cmsg_space!(in6_pktinfo).into())
    }
}

impl Door {
    /// # Errors
    /// The system does not say to which address datagrams come.
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let own = socket.local_addr()?;
        let has_many = own.ip().is_unspecified();
        match own {
            SocketAddr::V4(_) if has_many => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
            SocketAddr::V6(_) if has_many => {
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            }
            _ => {}
        }
        Ok(Self { socket, has_many })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// A datagram that has come: its length in `buffer`, and whose it is.
    pub(super) fn receive(
        &self,
        buffer: &mut [u8],
        told: &mut Told,
    ) -> io::Result<(usize, Client)> {
        if self.has_many {
            let receive = || receive(self.socket.as_raw_fd(), buffer, told);
            return self.socket.try_io(Interest::READABLE, receive);
        }
        let (length, address) = self.socket.try_recv_from(buffer)?;
        Ok((length, Client { address, to: None }))
    }

    /// Sends an answer. The system is asked straight away: what the runtime knows of the socket's readiness may be
    /// old, and nothing waits for it.
    pub(super) fn answer(&self, bytes: &[u8], client: Client) -> io::Result<()> {
        match client.to {
            None => SockRef::from(&self.socket)
                .send_to(bytes, &client.address.into())
                .map(drop),
            Some(from) => send(self.socket.as_raw_fd(), bytes, from, client.address),
        }
    }

    /// Lets nothing more in; answers still get out. To a socket that is connected, the system gives what its peer sends,
    /// and others of the port get the rest.
    pub(super) fn close(&self) -> io::Result<()> {
        const DISCARD: u16 = 9;
        let own = match self.socket.local_addr()?.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SockRef::from(&self.socket).connect(&SocketAddr::new(own, DISCARD).into())
    }
}

fn receive(socket: i32, buffer: &mut [u8], told: &mut Told) -> io::Result<(usize, Client)> {
    let mut into = [IoSliceMut::new(buffer)];
    let received =
        recvmsg::<SockaddrStorage>(socket, &mut into, Some(&mut told.0), MsgFlags::MSG_DONTWAIT)?;
    let address = received.address.as_ref().and_then(address_of);
    let mut notes = received.cmsgs()?;
    let client = Client {
        address: address.ok_or(io::ErrorKind::AddrNotAvailable)?,
        to: notes.find_map(|note| match note {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)).into())
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
            }
            _ => None,
        }),
    };
    Ok((received.bytes, client))
}

fn address_of(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().copied();
    let v6 = || address.as_sockaddr_in6().copied();
    v4.map(|v4| SocketAddrV4::from(v4).into())
        .or_else(|| v6().map(|v6| SocketAddrV6::from(v6).into()))
}

/// Sends `bytes` from an address of this machine.
fn send(socket: i32, bytes: &[u8], from: IpAddr, to: SocketAddr) -> io::Result<()> {
    let bytes = [IoSlice::new(bytes)];
    let to = SockaddrStorage::from(to);
    let send = |note: ControlMessage<'_>| {
        sendmsg(socket, &bytes, &[note], MsgFlags::MSG_DONTWAIT, Some(&to)).map(drop)
    };
    match from {
        IpAddr::V4(from) => send(ControlMessage::Ipv4PacketInfo(&in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr {
                s_addr: u32::from(from).to_be(),
            },
            ipi_addr: in_addr { s_addr: 0 },
        })),
        IpAddr::V6(from) => send(ControlMessage::Ipv6PacketInfo(&in6_pktinfo {
            ipi6_addr: in6_addr {
                s6_addr: from.octets(),
            },
            ipi6_ifindex: 0,
        })),
    }?;
    Ok(())
}
